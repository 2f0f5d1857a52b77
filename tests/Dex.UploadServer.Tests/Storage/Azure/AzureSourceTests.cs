using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Blobs.Models;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.FileSystem;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Finished uploads read from a container (spec: delivery.md 4 and 9, reliability.md T2).</summary>
public sealed class AzureSourceTests : IClassFixture<AzureService>, IAsyncLifetime
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes((3 * AzureTargetRig.PartBytes) + 777);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();
    private static readonly FinishedUpload s_finished = new(ImmutableSortedDictionary<string, string>.Empty.Add("Foo", "bar"));

    private readonly AzureService _store;
    private readonly FaultProxy _proxy;
    private readonly AzureTargetRig _rig;
    private readonly AzureSource _source;
    private readonly TemporaryFolder _folder = new();
    private readonly string _id = Guid.NewGuid().ToString();

    public AzureSourceTests(AzureService store)
    {
        _store = store;
        _proxy = store.NewProxy();
        _rig = new AzureTargetRig(store, _proxy.Address, change: options => options.ServerSideCopy = false);
        _source = _rig.NewSource();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Name => $"tus-prefix/{_id}";

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _rig.Dispose();
        _folder.Dispose();
        await _proxy.DisposeAsync();
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11.info")]
    [InlineData("7F1D0F5E3C1B4A589D0E5B0C2A9F6E11")]
    public async Task What_is_no_upload_id_is_not_looked_for(string id)
    {
        Assert.Null(await _source.FindAsync(id, s_finished, Stop));

        Assert.Empty(_proxy.Seen);
    }

    [Fact]
    public async Task An_upload_that_is_not_there_is_not_found()
    {
        Assert.Null(await _source.FindAsync(_id, s_finished, Stop));
        Assert.Equal("source file does not exist", _source.NotFoundMessage);
    }

    [Fact]
    public async Task An_upload_that_is_not_committed_is_not_found()
    {
        await _store.Blob(Name).StageBlockAsync("AAAAAA==", new MemoryStream(s_content), cancellationToken: Stop);

        Assert.Null(await _source.FindAsync(_id, s_finished, Stop));
    }

    [Fact]
    public async Task An_upload_that_the_ledger_knows_costs_one_request_and_has_its_keys_in_lower_case()
    {
        await PutAsync(s_content);

        await using var file = await _source.FindAsync(_id, s_finished, Stop);

        Assert.Equal(s_content.Length, file!.Length);
        Assert.Equal("bar", file.Metadata["foo"]);
        Assert.Null(file.Crc32C);
        Assert.Null(file.LocalPath);
        Assert.Single(_proxy.Seen);
    }

    [Fact]
    public async Task Without_the_ledger_the_record_tells_the_manifest()
    {
        await PutAsync(s_content);
        await PutRecordAsync(s_content.Length, "\"Foo\":\"Ünïcödé\"");

        await using var file = await _source.FindAsync(_id, null, Stop);

        Assert.Equal("Ünïcödé", file!.Metadata["foo"]);
        Assert.Null(file.Rejection);
    }

    [Fact]
    public async Task Without_a_record_the_blob_tells_the_manifest_with_its_keys_in_lower_case()
    {
        await PutAsync(s_content);

        await using var file = await _source.FindAsync(_id, null, Stop);

        Assert.Equal("value", file!.Metadata["stored_key"]);
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_is_no_obstacle()
    {
        await PutAsync(s_content);
        await PutAsync("{\"ID\":"u8.ToArray(), $"{Name}.info");

        await using var file = await _source.FindAsync(_id, null, Stop);

        Assert.Equal("value", file!.Metadata["stored_key"]);
    }

    [Theory]
    [InlineData(1, "\"IsPartial\":false")]
    [InlineData(0, "\"IsPartial\":true")]
    [InlineData(0, "\"SizeIsDeferred\":true")]
    public async Task An_upload_whose_record_says_that_it_is_no_whole_one_is_not_delivered(int missing, string members)
    {
        await PutAsync(s_content);
        await PutRecordAsync(s_content.Length + missing, "", members);

        Assert.Null(await _source.FindAsync(_id, null, Stop));
    }

    [Theory]
    [InlineData(FaultKind.TruncateAnswer)]
    [InlineData(FaultKind.ResetInAnswer)]
    [InlineData(FaultKind.Answer)]
    [InlineData(FaultKind.Hang)]
    [InlineData(FaultKind.HangInAnswer)]
    public async Task Answers_that_break_off_are_gone_on_with(FaultKind fault)
    {
        await PutAsync(s_content);
        _proxy.Add(new FaultRule(fault) { Method = "GET", Times = 6, AfterBytes = 700_000 });

        await DeliverToFolderAsync("folder.bin");
        _proxy.Add(new FaultRule(fault) { Method = "GET", Times = 6, AfterBytes = 700_000 });
        await DeliverToContainerAsync($"container/{fault}");

        var (inFolder, inContainer) = (await File.ReadAllBytesAsync(_folder.File("folder.bin"), Stop), await _rig.ReadAsync($"container/{fault}"));
        Assert.True(s_content.AsSpan().SequenceEqual(inFolder));
        Assert.True(s_content.AsSpan().SequenceEqual(inContainer));
        Assert.Equal(0, _rig.Memory.Taken);
    }

    [Theory]
    [InlineData(FaultKind.TruncateAnswer)]
    [InlineData(FaultKind.ResetInAnswer)]
    [InlineData(FaultKind.Answer)]
    public async Task A_source_that_stays_broken_fails_the_delivery_and_nothing_is_seen(FaultKind fault)
    {
        await PutAsync(s_content);
        _proxy.Add(new FaultRule(fault) { Method = "GET", AfterBytes = 0 });
        using var hasty = AzureRig.Connect(_store, _proxy.Address, options => options.RetryWindow = TimeSpan.FromSeconds(1));
        var source = _rig.NewSource(hasty);

        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToFolderAsync("folder.bin", source: source));
        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToContainerAsync($"broken/{fault}", source: source));

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Null(await _rig.ReadAsync($"broken/{fault}"));
        Assert.Equal(0, _rig.Memory.Taken);
    }

    [Fact]
    public async Task A_source_that_says_nothing_is_given_up_when_patience_ends()
    {
        await PutAsync(s_content);
        _proxy.Add(new FaultRule(FaultKind.HangInAnswer) { Method = "GET" });
        using var hasty = AzureRig.Connect(_store, _proxy.Address, options => options.RetryWindow = TimeSpan.Zero);
        await using var file = await _rig.NewSource(hasty).FindAsync(_id, s_finished, Stop);

        await Assert.ThrowsAsync<DeliverySourceException>(() => file!.Ranges!.ReadAsync(0, new byte[100], _ => { }, Stop).AsTask());

        Assert.Equal(1, _proxy.Count("GET"));
    }

    [Fact]
    public async Task A_source_that_is_replaced_in_mid_delivery_fails_it()
    {
        await PutAsync(s_content);
        _proxy.Add(new FaultRule { Method = "GET", Skip = 1, Delay = TimeSpan.FromMilliseconds(500) });
        var delivering = DeliverToContainerAsync("mixed");
        await Eventually.TrueAsync(() => _proxy.Count("GET") >= 2);

        await PutAsync(RandomNumberGenerator.GetBytes(s_content.Length));

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => delivering);
        Assert.Equal("source object has changed since the delivery began", error.Message);
        Assert.Null(await _rig.ReadAsync("mixed"));
    }

    [Fact]
    public async Task Bytes_that_rotted_in_the_store_are_never_called_delivered()
    {
        await PutAsync(s_content);

        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToFolderAsync("folder.bin", Crc32C.Append(0, s_content) ^ 1));
        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToContainerAsync("rotten", Crc32C.Append(0, s_content) ^ 1));

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Null(await _rig.ReadAsync("rotten"));
    }

    [Fact]
    public async Task A_store_that_is_away_is_the_sources_fault()
    {
        _proxy.Add(new FaultRule(FaultKind.ResetBeforeRequest));

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => _source.FindAsync(_id, s_finished, Stop).AsTask());

        Assert.StartsWith("unable to retrieve blob: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(AzureTargetRig.PartBytes)]
    [InlineData(AzureTargetRig.PartBytes + 1)]
    public async Task Every_length_is_read_from_start_to_end(int length)
    {
        await PutAsync(s_content[..length]);

        await DeliverToFolderAsync("folder.bin", Crc32C.Append(0, s_content.AsSpan(0, length)));

        Assert.Equal(length, new FileInfo(_folder.File("folder.bin")).Length);
    }

    private async Task DeliverToFolderAsync(string path, uint? crc = null, AzureSource? source = null)
    {
        await using var file = await FindAsync(crc, source);
        await new FileSystemDestination("edav", _folder.Path, flush: false).DeliverAsync(file, path, s_unwatched, Stop);
    }

    private async Task DeliverToContainerAsync(string name, uint? crc = null, AzureSource? source = null)
    {
        await using var file = await FindAsync(crc, source);
        await _rig.Destination.DeliverAsync(file, name, s_unwatched, Stop);
    }

    private async Task<SourceFile> FindAsync(uint? crc, AzureSource? source = null)
    {
        var file = await (source ?? _source).FindAsync(_id, s_finished, Stop);
        Assert.NotNull(file);
        file.Crc32C = crc;
        return file;
    }

    private Task PutRecordAsync(long length, string metadata, string members = "\"IsPartial\":false") => PutAsync(
        Encoding.UTF8.GetBytes($"{{\"ID\":\"{_id}\",\"Size\":{length},\"Offset\":0,\"MetaData\":{{{metadata}}},{members}}}"), $"{Name}.info");

    private async Task PutAsync(byte[] content, string? name = null) => await _store.Blob(name ?? Name).UploadAsync(
        new MemoryStream(content), new BlobUploadOptions { Metadata = new Dictionary<string, string> { ["Stored_Key"] = "value" } }, Stop);
}
