using System.Text;
using Dex.Testing;
using Dex.Tus.Digests;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>The files at rest, to the byte (storage-layout.md 1 and 2).</summary>
public sealed class UploadRecordTests : IDisposable
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";
    private readonly FileStoreFolder _folder = new() { Boot = new(Guid.Parse("0b3a1c8e-7d52-4a6f-9a44-0c1f5e2d7b90")) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\0\0\0\0")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":-1,"MetaData":{}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":1e99,"MetaData":{}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":99999999999999999999,"MetaData":{}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":5,"MetaData":{"a":1}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":5,"MetaData":{"a":"\ud800"}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":5,"PartialUploads":{}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":5,"MetaData":{},"Dex":{"DeclaredDigests":{"sha-256":"AAAA"}}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":5,"MetaData":{},"Dex":{"DeclaredDigests":{"sha-3":"AAAA"}}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":5,"MetaData":{},"Dex":{"DeclaredDigests":[]}}""")]
    [InlineData("""{"ID":"00000000-0000-4000-8000-000000000000","Size":5,"MetaData":{}}""")]
    [InlineData("""{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":5,"MetaData":{"a":"1"}""")]
    public async Task A_record_that_cannot_be_read_stays_and_harms_no_other(string content)
    {
        Directory.CreateDirectory(_folder.Uploads);
        await File.WriteAllTextAsync(_folder.PathOf(Id), "hel", Stop);
        await File.WriteAllTextAsync(_folder.PathOf(Id, ".info"), content, Stop);
        var store = _folder.Open();
        var other = await store.CreateAsync(NewUpload(Guid.NewGuid().ToString(), 5, ""), Stop);

        await Assert.ThrowsAsync<InvalidDataException>(() => store.FindAsync(Id, Stop).AsTask());

        Assert.NotNull(await store.FindAsync(other.Id, Stop));
        Assert.Equal(content, await File.ReadAllTextAsync(_folder.PathOf(Id, ".info"), Stop));
    }

    [Fact]
    public async Task A_record_of_more_than_a_mebibyte_is_refused()
    {
        var id = _folder.WritePredecessors("hel", "5", metadata: $$"""{"a":"{{new string('x', 1 << 20)}}"}""");

        await Assert.ThrowsAsync<InvalidDataException>(() => _folder.Open().FindAsync(id, Stop).AsTask());
    }

    [Fact]
    public async Task A_record_nested_without_end_is_refused()
    {
        var id = _folder.WritePredecessors("hel", "5", storage: $",\"x\":{new string('[', 500_000)}");

        await Assert.ThrowsAsync<InvalidDataException>(() => _folder.Open().FindAsync(id, Stop).AsTask());
    }

    [Fact]
    public async Task A_record_that_is_a_link_is_not_followed()
    {
        var id = _folder.WritePredecessors("hel", "5");
        File.Move(_folder.PathOf(id, ".info"), _folder.Base + "/elsewhere");
        File.CreateSymbolicLink(_folder.PathOf(id, ".info"), _folder.Base + "/elsewhere");

        await Assert.ThrowsAsync<InvalidDataException>(() => _folder.Open().FindAsync(id, Stop).AsTask());
    }

    [Fact]
    [Rule("ST2", "SF1")]
    public async Task The_record_of_a_new_upload_is_the_predecessors_with_ours_at_the_end()
    {
        var header = $"upload_id {Base64(Id)},data_stream_id {Base64("dextesting")},note {Base64("<ä> & \"\u2028\\\n")}";

        await _folder.Open().CreateAsync(NewUpload(Id, 10240, header), Stop);

        var expected = """{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":10240,"SizeIsDeferred":false,"Offset":0,"MetaData":{"data_stream_id":"dextesting","note":"\u003cä\u003e \u0026 \"\u2028\\\n","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11"},"IsPartial":false,"IsFinal":false,"PartialUploads":null,"Storage":{"Path":"PATH","Type":"filestore"},"Dex":{"Metadata":"HEADER","Boot":"0b3a1c8e-7d52-4a6f-9a44-0c1f5e2d7b90"}}"""
            .Replace("PATH", _folder.PathOf(Id), StringComparison.Ordinal).Replace("HEADER", header, StringComparison.Ordinal);
        Assert.Equal(expected, await File.ReadAllTextAsync(_folder.PathOf(Id, ".info"), Stop));
    }

    [Fact]
    [Rule("ST2")]
    public async Task A_deferred_partial_upload_without_metadata_is_written_as_the_predecessor_does()
    {
        await _folder.Open().CreateAsync(NewUpload(Id, null, "") with { Kind = UploadKind.Partial }, Stop);

        Assert.StartsWith(
            """{"ID":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","Size":0,"SizeIsDeferred":true,"Offset":0,"MetaData":{},"IsPartial":true,"IsFinal":false,"PartialUploads":null,"Storage":{"Path":""",
            await File.ReadAllTextAsync(_folder.PathOf(Id, ".info"), Stop), StringComparison.Ordinal);
    }

    [Fact]
    [Rule("SF1")]
    public async Task Metadata_beside_finished_data_is_the_map_alone()
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(NewUpload(Id, 0, $"zebra {Base64("ä&b")},alpha,Beta {Base64("2")}"), Stop);
        Assert.False(File.Exists(_folder.PathOf(Id, ".meta")));

        await store.FinishAsync(upload, Stop);

        Assert.Equal("""{"Beta":"2","alpha":"","zebra":"ä\u0026b"}""", await File.ReadAllTextAsync(_folder.PathOf(Id, ".meta"), Stop));
        Assert.Equal([Id, Id + ".info", Id + ".meta"], _folder.Names());
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_digests_stand_where_another_server_does_not_look()
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(
            NewUpload(Id, 0, "a MQ==") with { Digests = new UploadDigests { Declared = [new UploadDigest(DigestAlgorithm.Crc32C, [0, 0, 0, 1])] } }, Stop);
        upload = await store.FinishAsync(upload, Stop);

        await store.RecordDigestsAsync(upload with { Digests = upload.Digests! with { Computed = [new UploadDigest(DigestAlgorithm.Crc32C, [0, 0, 0, 0])] } }, Stop);

        var record = await File.ReadAllTextAsync(_folder.PathOf(Id, ".info"), Stop);
        Assert.EndsWith(
            ""","Type":"filestore"},"Dex":{"Metadata":"a MQ==","Boot":"0b3a1c8e-7d52-4a6f-9a44-0c1f5e2d7b90","DeclaredDigests":{"crc32c":"AAAAAQ=="},"ComputedDigests":{"crc32c":"AAAAAA=="}}}""",
            record, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metadata_changed_by_somebody_else_wins_over_what_was_sent()
    {
        await _folder.Open().CreateAsync(NewUpload(Id, 5, $"b {Base64("1")},a {Base64("2")}"), Stop);
        var record = await File.ReadAllTextAsync(_folder.PathOf(Id, ".info"), Stop);
        await File.WriteAllTextAsync(_folder.PathOf(Id, ".info"), record.Replace("\"a\":\"2\"", "\"a\":\"3\"", StringComparison.Ordinal), Stop);

        var found = await _folder.Open().FindAsync(Id, Stop);

        Assert.Equal($"a {Base64("3")},b {Base64("1")}", found?.Metadata.ToHeader());
    }

    [Fact]
    [Rule("ST2")]
    public async Task Declaring_a_length_keeps_what_only_others_know()
    {
        var id = _folder.WritePredecessors("hel", "0", deferred: true, storage: ""","Storage":null,"Expires":{"At": "2030"},"Tags":[1,2]""");
        var store = _folder.Open();

        await store.DeclareLengthAsync((await store.FindAsync(id, Stop))!, 5, Stop);

        Assert.Equal(
            $$$"""{"ID":"{{{id}}}","Size":5,"SizeIsDeferred":false,"Offset":0,"MetaData":{"a":"1"},"IsPartial":false,"IsFinal":false,"PartialUploads":null,"Storage":{},"Expires":{"At": "2030"},"Tags":[1,2]}""",
            await File.ReadAllTextAsync(_folder.PathOf(id, ".info"), Stop));
    }

    [Theory]
    [InlineData("./uploads", "uploads/tus-prefix/")]
    [InlineData("uploads//x/../y/", "uploads/y/tus-prefix/")]
    [InlineData("../a/./b", "../a/b/tus-prefix/")]
    [InlineData("/", "/tus-prefix/")]
    [InlineData("/../srv/", "/srv/tus-prefix/")]
    [InlineData(".", "tus-prefix/")]
    public void The_path_in_a_record_is_the_configured_one_in_its_shortest_form(string baseFolder, string expected) =>
        Assert.Equal(expected + Id, FileStoreFolder.FolderAt(baseFolder).DataPath(Id));

    private static NewUpload NewUpload(string id, long? length, string metadata) =>
        new() { Id = id, Length = length, Metadata = UploadMetadata.Parse(metadata) };
}
