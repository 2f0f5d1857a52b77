using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>spec: delivery.md 4, storage-layout.md 2.</summary>
public sealed class FileSystemSourceTests : IDisposable
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    private readonly TemporaryFolder _folder = new();
    private readonly FileSystemSource _source;

    public FileSystemSourceTests()
    {
        Directory.CreateDirectory(_folder.File("tus-prefix"));
        _source = new FileSystemSource(_folder.Path, "tus-prefix");
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("../tus-prefix/7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11.meta")]
    [InlineData("7f1d0f5e3c1b4a589d0e5b0c2a9f6e11")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e12")]
    public async Task What_is_no_upload_is_not_found(string id)
    {
        Write("", "data");
        Write(".meta", """{"a":"b"}""");

        Assert.Null(await _source.FindAsync(id, finished: null, Stop));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("{\"a\":", null)]
    [InlineData("[]", "not JSON")]
    [InlineData(null, "[]")]
    public async Task An_upload_without_readable_metadata_is_not_found(string? meta, string? info)
    {
        Write("", "data");
        Write(".meta", meta);
        Write(".info", info);

        Assert.Null(await _source.FindAsync(Id, finished: null, Stop));
    }

    [Theory]
    [InlineData("""{"Size":5,"MetaData":{"a":"1"}}""")]
    [InlineData("""{"Size":0,"SizeIsDeferred":true,"MetaData":{"a":"1"}}""")]
    [InlineData("""{"Size":4,"IsPartial":true,"MetaData":{"a":"1"}}""")]
    [InlineData("""{"Size":"4","MetaData":{"a":"1"}}""")]
    [InlineData("""{"Size":4,"MetaData":{"a":"\ud800"}}""")]
    public async Task An_unfinished_or_partial_or_unreadable_upload_is_not_found(string info)
    {
        Write("", "data");
        Write(".info", info);

        Assert.Null(await _source.FindAsync(Id, finished: null, Stop));
    }

    [Fact]
    public async Task An_upload_without_data_is_not_found()
    {
        Write(".meta", "{}");

        Assert.Null(await _source.FindAsync(Id, finished: null, Stop));
        Assert.Equal("source file does not exist", _source.NotFoundMessage);
    }

    [Theory]
    [InlineData("""{"Size":5,"SizeIsDeferred":false,"MetaData":{}}""")]
    [InlineData("""{"Size":0,"SizeIsDeferred":true,"MetaData":{}}""")]
    [InlineData("""{"Size":"4","MetaData":{}}""")]
    [InlineData("""{"Size":4,"MetaData":{},"IsPartial":true}""")]
    public async Task An_upload_that_its_record_calls_unfinished_or_a_part_is_not_found(string info)
    {
        Write("", "data");
        Write(".info", info);

        Assert.Null(await _source.FindAsync(Id, finished: null, Stop));
    }

    [Theory]
    [InlineData("""{"b":"2","a":"1"}""", null)]
    [InlineData(null, """{"ID":"x","Size":4,"MetaData":{"b":"2","a":"1"}}""")]
    [InlineData("""{"b":"2",""", """{"Size":4,"MetaData":{"a":"1","b":"2"},"Storage":null}""")]
    public async Task Metadata_comes_from_the_side_file_or_else_from_the_record(string? meta, string? info)
    {
        Write("", "data");
        Write(".meta", meta);
        Write(".info", info);

        await using var file = await _source.FindAsync(Id, finished: null, Stop);

        Assert.Equal("a=1;b=2", string.Join(';', file!.Metadata.Select(pair => $"{pair.Key}={pair.Value}")));
        Assert.Equal(4, file.Length);
        Assert.Null(file.Crc32C);
    }

    [Theory]
    [InlineData("""{"Size":5,"SizeIsDeferred":false,"MetaData":{"a":"1"}}""", null)]
    [InlineData("""{"Size":5,"SizeIsDeferred":false,"MetaData":{"a":"1"}}""", "{}")]
    [InlineData("""{"Size":3,"SizeIsDeferred":false,"MetaData":{"a":"1"}}""", null)]
    [InlineData("""{"Size":4,"SizeIsDeferred":true,"MetaData":{"a":"1"}}""", null)]
    [InlineData("""{"Size":"4","MetaData":{"a":"1"}}""", null)]
    [InlineData("""{"MetaData":{"a":"1"}}""", null)]
    public async Task An_upload_whose_data_is_not_as_long_as_its_record_says_is_not_finished(string info, string? meta)
    {
        Write("", "data");
        Write(".meta", meta);
        Write(".info", info);

        Assert.Null(await _source.FindAsync(Id, finished: null, Stop));
    }

    [Theory]
    [InlineData("""{"DeclaredDigests":{"crc32c":"AAAAAQ=="},"ComputedDigests":{"crc32c":"AAAAAQ=="}}""", true, null)]
    [InlineData("""{"DeclaredDigests":{"crc32c":"AAAAAQ=="},"ComputedDigests":{"crc32c":"AAAAAg=="}}""", true, "the upload does not match its declared digest: crc32c declared 00000001, computed 00000002")]
    [InlineData("""{"DeclaredDigests":{"crc32c":"AAAAAQ=="},"ComputedDigests":{}}""", false, null)]
    [InlineData("""{"DeclaredDigests":{"crc32c":"AAAAAQ=="}}""", false, null)]
    [InlineData("""{"DeclaredDigests":{"crc32c":"AA=="},"ComputedDigests":{"crc32c":"AAAAAQ=="}}""", false, null)]
    [InlineData("""{"DeclaredDigests":{"sha-3":"AA=="}}""", false, null)]
    [InlineData("""{"DeclaredDigests":{"crc32c":1}}""", false, null)]
    [InlineData("""{"DeclaredDigests":[]}""", false, null)]
    [InlineData("""{"Boot":"x"}""", true, null)]
    [InlineData("[]", true, null)]
    [Rule("DR22")]
    public async Task DR22_an_upload_with_a_declared_digest_is_there_when_it_was_compared(string own, bool isFound, string? rejection)
    {
        Write("", "data");
        Write(".meta", "{}");
        Write(".info", $$"""{"Size":4,"MetaData":{},"Dex":{{own}}}""");

        await using var file = await _source.FindAsync(Id, finished: null, Stop);

        Assert.Equal((isFound, rejection), (file is not null, file?.Rejection));
    }

    [Fact]
    public async Task A_file_cut_while_it_is_read_fails_rather_than_ends()
    {
        Write("", new string('x', 10));
        Write(".meta", "{}");
        await using var file = await _source.FindAsync(Id, finished: null, Stop);
        Write("", "xxx");

        await using var stream = await file!.OpenAsync(Stop);

        await Assert.ThrowsAsync<DeliverySourceException>(() => stream.CopyToAsync(Stream.Null, Stop));
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string suffix, string? text)
    {
        if (text is not null)
            File.WriteAllText(Path.Combine(_folder.File("tus-prefix"), Id + suffix), text);
    }
}
