using System.Security.Cryptography;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>What is looked at before an object is called delivered (spec: reliability.md T2, delivery.md 9).</summary>
public sealed class S3VerificationTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes(S3TargetRig.PartBytes + 5);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_part_carries_its_md5_and_the_object_is_looked_at_and_not_read()
    {
        await using var proxy = store.NewProxy();
        using var rig = new S3TargetRig(store, proxy.Address);

        await DeliverAsync(rig, "checked");

        Assert.Equal(
            [Md5(s_content.AsSpan(0, S3TargetRig.PartBytes)), Md5(s_content.AsSpan(S3TargetRig.PartBytes))],
            proxy.Seen.Where(request => request.HasQueryKey("partNumber")).OrderBy(request => request.Query.Contains("partNumber=2", StringComparison.Ordinal)).Select(request => request.Field("Content-MD5")));
        Assert.Equal((1, 0), (proxy.Count("HEAD"), proxy.Count("GET")));
    }

    [Fact]
    public async Task A_small_object_takes_a_single_request()
    {
        await using var proxy = store.NewProxy();
        using var rig = new S3TargetRig(store, proxy.Address);
        await using var source = new TestSourceFile([1, 2, 3]);

        await rig.Destination.DeliverAsync(source, "small", s_unwatched, Stop);

        Assert.Equal("PUT", Assert.Single(proxy.Seen).Method);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_tags_tell_nothing_an_object_is_read_back_once(bool isRight)
    {
        using var rig = new S3TargetRig(store);
        await DeliverAsync(rig, "odd");
        await using var proxy = store.NewProxy();
        using var connection = S3Rig.Connect(store, proxy.Address);
        var check = new S3ObjectCheck(new PartPump(rig.Memory, 2), rig.Memory, rig.Options);
        var expected = new ExpectedObject(s_content.Length, "0123-2", Crc32C.Append(0, s_content) ^ (isRight ? 0u : 1u));
        var place = new S3Place(connection, rig.Bucket, "odd");

        var first = await Record.ExceptionAsync(() => check.RequireAsync(place, expected, _ => { }, Stop));
        var reads = proxy.Count("GET");
        await Record.ExceptionAsync(() => check.RequireAsync(place, expected, _ => { }, Stop));

        Assert.Equal(isRight, first is null);
        Assert.Equal(2, reads);
        Assert.Equal(isRight ? 2 : 4, proxy.Count("GET"));
    }

    [Fact]
    public async Task An_object_of_another_length_is_never_right()
    {
        using var rig = new S3TargetRig(store);
        await DeliverAsync(rig, "short");
        var check = new S3ObjectCheck(new PartPump(rig.Memory, 2), rig.Memory, rig.Options);

        var failure = await Assert.ThrowsAsync<StoreCallException>(
            () => check.RequireAsync(new S3Place(rig.Connection, rig.Bucket, "short"), new ExpectedObject(7, null, null), _ => { }, Stop));

        Assert.Contains("instead of 7", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checksum_is_written_as_aws_writes_it() => Assert.Equal("4waSgw==", S3Tag.Crc32C(Crc32C.Append(0, "123456789"u8)));

    [Fact]
    public async Task The_address_is_escaped_and_the_object_is_there()
    {
        using var rig = new S3TargetRig(store);
        await using var source = new TestSourceFile([1]);

        var delivered = await rig.Destination.DeliverAsync(source, "a b/ü+%#?&.csv", s_unwatched, Stop);

        Assert.Equal($"{store.Endpoint.AbsoluteUri}{rig.Bucket}/a%20b/%C3%BC%2B%25%23%3F%26.csv", delivered.Location);
        Assert.NotNull(await rig.ReadAsync("a b/ü+%#?&.csv"));
    }

    [Fact]
    public async Task A_key_longer_than_s3_takes_is_not_tried()
    {
        using var rig = new S3TargetRig(store);
        await using var source = new TestSourceFile([1]);
        var path = string.Join('/', Enumerable.Repeat(new string('a', 200), 6));

        await Assert.ThrowsAsync<UploadServer.Delivery.DeliveryRefusedException>(() => rig.Destination.DeliverAsync(source, path, s_unwatched, Stop).AsTask());
    }

    private static string Md5(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(ContentMd5.Of(bytes));

    private static async Task DeliverAsync(S3TargetRig rig, string key)
    {
        await using var source = new TestSourceFile(s_content, crc32C: Crc32C.Append(0, s_content));
        await rig.Destination.DeliverAsync(source, key, s_unwatched, Stop);
    }
}
