using System.Security.Cryptography;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>What every kind of target promises (spec: reliability.md 5). A class per kind says how to make one and look into it.</summary>
public abstract class DestinationContract
{
    internal static readonly IProgress<long> Unwatched = new Progress<long>();

    internal abstract IDeliveryDestination Destination { get; }

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The object at a path, or null.</summary>
    protected abstract Task<byte[]?> ReadAsync(string path);

    /// <summary>Names of everything at the target that is no delivered object: temporary files, open multipart uploads.</summary>
    protected abstract Task<IReadOnlyList<string>> LeftoversAsync();

    internal virtual SourceFile NewSource(byte[] content, long? length = null, uint? crc32C = null) => new TestSourceFile(content, length, crc32C);

    protected static byte[] Bytes(int count) => RandomNumberGenerator.GetBytes(count);

    [Fact]
    public async Task A_source_that_ends_early_is_never_called_delivered()
    {
        var content = Bytes(100_000);
        await using var source = NewSource(content, length: 100_001);

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(source, "a/short.bin"));

        Assert.Contains("100001", error.Message, StringComparison.Ordinal);
        await AssertNothingAsync("a/short.bin");
    }

    [Fact]
    public async Task A_source_that_is_longer_than_the_upload_was_is_never_called_delivered()
    {
        await using var source = NewSource(Bytes(5_000_001), length: 5_000_000);

        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(source, "a/long.bin"));

        await AssertNothingAsync("a/long.bin");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public async Task A_source_that_differs_from_its_checksum_is_never_called_delivered(int length)
    {
        var content = Bytes(length);
        await using var source = NewSource(content, crc32C: Crc32C.Append(0, content) ^ 1);

        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(source, "a/rotten.bin"));

        await AssertNothingAsync("a/rotten.bin");
    }

    [Fact]
    public async Task A_source_that_breaks_leaves_nothing_behind()
    {
        await using var source = new TestSourceFile(Bytes(9_000_000)) { Event = (6_000_000, () => throw new IOException("connection reset")) };

        await Assert.ThrowsAnyAsync<IOException>(() => DeliverAsync(source, "a/broken.bin"));

        await AssertNothingAsync("a/broken.bin");
    }

    [Fact]
    public async Task A_delivery_that_is_cut_leaves_nothing_behind()
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using var source = new TestSourceFile(Bytes(9_000_000)) { Event = (6_000_000, cut.Cancel) };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Destination.DeliverAsync(source, "a/cut.bin", Unwatched, cut.Token).AsTask());

        await AssertNothingAsync("a/cut.bin");
    }

    [Fact]
    public async Task A_failed_delivery_leaves_the_object_that_was_there()
    {
        var older = Bytes(10);
        await using (var first = NewSource(older))
            await DeliverAsync(first, "a/b.bin");
        await using var source = NewSource(Bytes(50), length: 51);

        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(source, "a/b.bin"));

        Assert.Equal(older, await ReadAsync("a/b.bin"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData((1 << 20) + 1)]
    [InlineData((33 << 20) + 5)]
    public async Task A_delivered_object_has_the_bytes_of_its_source(int length)
    {
        var content = Bytes(length);
        await using var source = NewSource(content, crc32C: Crc32C.Append(0, content));

        var delivered = await DeliverAsync(source, "2025/06/05/report.csv");

        AssertSame(content, await ReadAsync("2025/06/05/report.csv"));
        Assert.EndsWith("2025/06/05/report.csv", delivered.Location, StringComparison.Ordinal);
        Assert.Empty(delivered.Warnings);
        Assert.Empty(await LeftoversAsync());
    }

    [Fact]
    public async Task A_source_without_a_recorded_checksum_is_delivered()
    {
        var content = Bytes(2_000_000);
        await using var source = NewSource(content);

        await DeliverAsync(source, "old.bin");

        AssertSame(content, await ReadAsync("old.bin"));
    }

    [Fact]
    public async Task An_object_of_the_same_name_is_replaced()
    {
        await using (var first = NewSource(Bytes(3_000_000)))
            await DeliverAsync(first, "a/same.bin");
        var content = Bytes(10);
        await using var second = NewSource(content);

        await DeliverAsync(second, "a/same.bin");

        Assert.Equal(content, await ReadAsync("a/same.bin"));
        Assert.Empty(await LeftoversAsync());
    }

    [Theory]
    [InlineData("flat.txt")]
    [InlineData("with blank & 'quote' \"double\" + plus % percent # hash ? mark.txt")]
    [InlineData("Ünïcödé/日本語/🚑.csv")]
    [InlineData("…/..hidden/...dots")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa255")]
    public async Task A_name_arrives_as_it_is(string path)
    {
        var content = Bytes(10);
        await using var source = NewSource(content);

        await DeliverAsync(source, path);

        Assert.Equal(content, await ReadAsync(path));
    }

    internal Task<DeliveredFile> DeliverAsync(SourceFile source, string path) =>
        Destination.DeliverAsync(source, path, Unwatched, Stop).AsTask();

    // Assert.Equal of megabytes is slow.
    private static void AssertSame(byte[] expected, byte[]? actual) => Assert.True(actual is not null && expected.AsSpan().SequenceEqual(actual));

    protected async Task AssertNothingAsync(string path)
    {
        Assert.Null(await ReadAsync(path));
        Assert.Empty(await LeftoversAsync());
    }
}
