using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.FileSystem;
using Dex.UploadServer.Storage.S3;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Finished uploads read from a bucket (spec: delivery.md 4 and 9, reliability.md T2).</summary>
public sealed class S3SourceTests : IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes((3 * S3TargetRig.PartBytes) + 777);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();
    private static readonly FinishedUpload s_finished = new(ImmutableSortedDictionary<string, string>.Empty.Add("Foo", "bar"));

    private readonly ObjectStoreService _store;
    private readonly FaultProxy _proxy;
    private readonly S3TargetRig _rig;
    private readonly S3Source _source;
    private readonly TemporaryFolder _folder = new();
    private readonly string _id = Guid.NewGuid().ToString();

    public S3SourceTests(ObjectStoreService store)
    {
        _store = store;
        _proxy = store.NewProxy();
        _rig = new S3TargetRig(store, _proxy.Address);
        _source = _rig.NewSource();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Key => $"tus-prefix/{_id}";

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
        Assert.Equal("unable to retrieve object: no such object", _source.NotFoundMessage);
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
    public async Task Without_a_record_the_object_tells_the_manifest()
    {
        await PutAsync(s_content);

        await using var file = await _source.FindAsync(_id, null, Stop);

        Assert.Equal("value", file!.Metadata["stored"]);
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_is_no_obstacle()
    {
        await PutAsync(s_content);
        await PutAsync(Encoding.UTF8.GetBytes("{\"ID\":"), $"{Key}.info");

        await using var file = await _source.FindAsync(_id, null, Stop);

        Assert.Equal("value", file!.Metadata["stored"]);
    }

    [Theory]
    [InlineData(1, "", "\"IsPartial\":false")]
    [InlineData(0, "", "\"IsPartial\":true")]
    [InlineData(0, "", "\"SizeIsDeferred\":true")]
    public async Task An_upload_whose_record_says_that_it_is_no_whole_one_is_not_delivered(int missing, string metadata, string members)
    {
        await PutAsync(s_content);
        await PutRecordAsync(s_content.Length + missing, metadata, members);

        Assert.Null(await _source.FindAsync(_id, null, Stop));
    }

    [Fact]
    public async Task An_upload_that_is_not_what_was_declared_is_rejected()
    {
        await PutAsync(s_content);
        var (declared, computed) = (Convert.ToBase64String(new byte[32]), Convert.ToBase64String(SHA256.HashData(s_content)));
        await PutRecordAsync(
            s_content.Length, "", $"\"Dex\":{{\"Metadata\":\"\",\"Boot\":\"{Guid.NewGuid()}\",\"DeclaredDigests\":{{\"sha-256\":\"{declared}\"}},\"ComputedDigests\":{{\"sha-256\":\"{computed}\"}}}}");

        await using var file = await _source.FindAsync(_id, null, Stop);

        Assert.Contains("does not match its declared digest", file!.Rejection, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultKind.TruncateAnswer)]
    [InlineData(FaultKind.ResetInAnswer)]
    [InlineData(FaultKind.Answer)]
    [InlineData(FaultKind.Hang)]
    public async Task Answers_that_break_off_are_gone_on_with(FaultKind fault)
    {
        await PutAsync(s_content);
        _proxy.Add(new FaultRule(fault) { Method = "GET", Times = 6, AfterBytes = 700_000 });

        await DeliverToFolderAsync("folder.bin");
        _proxy.Add(new FaultRule(fault) { Method = "GET", Times = 6, AfterBytes = 700_000 });
        await DeliverToBucketAsync($"bucket/{fault}");

        var (inFolder, inBucket) = (await File.ReadAllBytesAsync(_folder.File("folder.bin"), Stop), await _rig.ReadAsync($"bucket/{fault}"));
        Assert.True(s_content.AsSpan().SequenceEqual(inFolder));
        Assert.True(s_content.AsSpan().SequenceEqual(inBucket));
        Assert.Equal(0, _rig.Memory.Taken);
    }

    [Theory]
    [InlineData(FaultKind.TruncateAnswer)]
    [InlineData(FaultKind.ResetInAnswer)]
    [InlineData(FaultKind.Answer)]
    public async Task A_source_that_stays_broken_fails_the_delivery_and_nothing_is_left(FaultKind fault)
    {
        await PutAsync(s_content);
        _proxy.Add(new FaultRule(fault) { Method = "GET", NoQueryKey = "uploads", AfterBytes = 0 }); // the source, not the target's list of open uploads
        using var hasty = S3Rig.Connect(_store, _proxy.Address, options => options.RetryWindow = TimeSpan.FromSeconds(1));
        var source = _rig.NewSource(connection: hasty);

        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToFolderAsync("folder.bin", source: source));
        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToBucketAsync("broken", source: source));

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Null(await _rig.ReadAsync("broken"));
        Assert.Empty(await _rig.OpenUploadsAsync());
        Assert.Equal(0, _rig.Memory.Taken);
    }

    [Fact]
    public async Task A_source_that_is_replaced_in_mid_delivery_fails_it()
    {
        await PutAsync(s_content);
        _proxy.Add(new FaultRule(FaultKind.None) { Method = "GET", Skip = 1, Delay = TimeSpan.FromMilliseconds(500) });
        var delivering = DeliverToBucketAsync("mixed");
        await Eventually.TrueAsync(() => _proxy.Count("GET") >= 2);

        await PutAsync(RandomNumberGenerator.GetBytes(s_content.Length));

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => delivering);
        Assert.Equal("source object has changed since the delivery began", error.Message);
        Assert.Null(await _rig.ReadAsync("mixed"));
        Assert.Empty(await _rig.OpenUploadsAsync());
    }

    [Fact]
    public async Task Bytes_that_rotted_in_the_store_are_never_called_delivered()
    {
        await PutAsync(s_content);

        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToFolderAsync("folder.bin", Crc32C.Append(0, s_content) ^ 1));
        await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverToBucketAsync("rotten", Crc32C.Append(0, s_content) ^ 1));

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Null(await _rig.ReadAsync("rotten"));
        Assert.Empty(await _rig.OpenUploadsAsync());
    }

    [Fact]
    public async Task A_store_that_is_away_is_the_sources_fault()
    {
        _proxy.Add(new FaultRule(FaultKind.ResetBeforeRequest));

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => _source.FindAsync(_id, s_finished, Stop).AsTask());

        Assert.StartsWith("unable to retrieve object: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(S3TargetRig.PartBytes)]
    [InlineData(S3TargetRig.PartBytes + 1)]
    public async Task Every_length_is_read_from_start_to_end(int length)
    {
        await PutAsync(s_content[..length]);

        await DeliverToFolderAsync("folder.bin", Crc32C.Append(0, s_content.AsSpan(0, length)));

        Assert.Equal(length, new FileInfo(_folder.File("folder.bin")).Length);
    }

    [Fact]
    public async Task A_reader_who_leaves_early_gives_all_memory_back()
    {
        await PutAsync(s_content);
        await using var file = await FindAsync(null);
        var stream = await file.OpenAsync(Stop);
        await stream.ReadExactlyAsync(new byte[10], Stop);

        await stream.DisposeAsync();

        Assert.Equal(0, _rig.Memory.Taken);
    }

    private async Task DeliverToFolderAsync(string path, uint? crc = null, S3Source? source = null)
    {
        await using var file = await FindAsync(crc, source);
        await new FileSystemDestination("edav", _folder.Path, flush: false).DeliverAsync(file, path, s_unwatched, Stop);
    }

    private async Task DeliverToBucketAsync(string key, uint? crc = null, S3Source? source = null)
    {
        using var target = new S3TargetRig(_store, _proxy.Address, change: options => options.ServerSideCopy = false);
        await using var file = await FindAsync(crc, source);
        await target.Destination.DeliverAsync(file, key, s_unwatched, Stop);
    }

    private async Task<SourceFile> FindAsync(uint? crc, S3Source? source = null)
    {
        var file = await (source ?? _source).FindAsync(_id, s_finished, Stop);
        Assert.NotNull(file);
        file.Crc32C = crc;
        return file;
    }

    private Task PutRecordAsync(long length, string metadata, string members = "\"IsPartial\":false") => PutAsync(
        Encoding.UTF8.GetBytes($"{{\"ID\":\"{_id}+2~multi\",\"Size\":{length},\"Offset\":0,\"MetaData\":{{{metadata}}},{members}}}"), $"{Key}.info");

    private async Task PutAsync(byte[] content, string? key = null)
    {
        var request = new PutObjectRequest { BucketName = _store.Bucket, Key = key ?? Key, InputStream = new MemoryStream(content) };
        request.Metadata["stored"] = "value";
        await _store.Client.PutObjectAsync(request, Stop);
    }
}
