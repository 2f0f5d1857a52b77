using System.Text;
using System.Text.Json;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>Uploads begun by the server before this one go on here, and the reverse (storage-layout.md 8).</summary>
public sealed class PredecessorTests : IDisposable
{
    private readonly FileStoreFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/etc/hostname")]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    [InlineData("a\\u0000b")]
    [InlineData("{base}")]
    [InlineData("{base}/tus-prefix/../../outside")]
    [InlineData("{base}/link-to-outside")]
    [InlineData("{base}/tus-prefix/{other}")]
    [InlineData("{base}/tus-prefix/{other}.info")]
    public async Task A_record_cannot_name_data_outside_or_of_another_upload(string named)
    {
        var outside = Path.GetDirectoryName(_folder.Base) + "/outside-" + Path.GetFileName(_folder.Base);
        await File.WriteAllTextAsync(outside, "secret", Stop);
        File.CreateSymbolicLink(_folder.Base + "/link-to-outside", outside);
        var other = _folder.WritePredecessors("other", "9");
        var path = named.Replace("{base}", _folder.Base, StringComparison.Ordinal).Replace("{other}", other, StringComparison.Ordinal)
            .Replace("../../outside", $"../../outside-{Path.GetFileName(_folder.Base)}", StringComparison.Ordinal);
        var id = _folder.WritePredecessors("", "9", storage: $$""","Storage":{"Path":"{{path}}","Type":"filestore"}""");
        File.Delete(_folder.PathOf(id));

        try
        {
            var found = await FindOrRefuseAsync(id);
            await _folder.Open().DeleteAsync(new Upload { Id = id, Length = 9, Offset = 0, Metadata = UploadMetadata.Empty }, Stop);

            Assert.Null(found);
            Assert.Equal("secret", await File.ReadAllTextAsync(outside, Stop));
            Assert.True(File.Exists(_folder.PathOf(other)) && File.Exists(_folder.PathOf(other, ".info")));
        }
        finally
        {
            File.Delete(outside);
        }
    }

    [Fact]
    public async Task Data_that_is_a_link_is_not_followed()
    {
        var id = _folder.WritePredecessors("", "9");
        File.Delete(_folder.PathOf(id));
        File.CreateSymbolicLink(_folder.PathOf(id), "/etc/hostname");

        await Assert.ThrowsAsync<InvalidDataException>(() => _folder.Open().FindAsync(id, Stop).AsTask());
    }

    [Fact]
    [Rule("SF1")]
    public async Task Half_of_the_files_is_no_upload()
    {
        var dataOnly = _folder.WritePredecessors("hel", "5");
        var recordOnly = _folder.WritePredecessors("hel", "5");
        File.Delete(_folder.PathOf(dataOnly, ".info"));
        File.Delete(_folder.PathOf(recordOnly));

        Assert.Null(await _folder.Open().FindAsync(dataOnly, Stop));
        Assert.Null(await _folder.Open().FindAsync(recordOnly, Stop));
    }

    [Fact]
    [Rule("SH3", "ST1")]
    public async Task Its_unfinished_upload_is_continued_and_finished()
    {
        var id = _folder.WritePredecessors("hel", "5");
        var store = _folder.Open();
        var upload = await store.FindAsync(id, Stop);
        Assert.Equal((3L, 5L), (upload?.Offset, upload?.Length));

        var finished = await store.FinishAsync(await AppendAsync(store, upload!, "lo"), Stop);

        Assert.Equal("hello", await File.ReadAllTextAsync(_folder.PathOf(id), Stop));
        Assert.Equal("""{"a":"1"}""", await File.ReadAllTextAsync(_folder.PathOf(id, ".meta"), Stop));
        Assert.Equal(Crc32C.Append(0, "hello"u8), finished.Crc32C);
    }

    [Fact]
    public async Task Its_unfinished_upload_is_trusted_after_a_new_start_of_the_machine()
    {
        var id = _folder.WritePredecessors("hel", "5");
        _folder.LosePower();

        Assert.Equal(3, (await _folder.Open().FindAsync(id, Stop))?.Offset);
    }

    [Fact]
    public async Task Its_large_upload_is_taken_over_without_being_read_and_has_a_checksum_when_finished()
    {
        var head = new byte[70 << 20];
        head[^1] = 1;
        var id = _folder.WritePredecessors("", (head.Length + 6).ToString(System.Globalization.CultureInfo.InvariantCulture));
        await File.WriteAllBytesAsync(_folder.PathOf(id), head, Stop);
        var store = _folder.Open();

        var upload = await AppendAsync(store, (await store.FindAsync(id, Stop))!, "abc");
        Assert.Null(upload.Crc32C);
        _folder.LosePower();
        store = _folder.Open();
        upload = await store.FindAsync(id, Stop);
        Assert.Equal(head.Length + 3, upload?.Offset);
        var finished = await store.FinishAsync(await AppendAsync(store, upload!, "def"), Stop);

        Assert.Equal(Crc32C.Append(Crc32C.Append(0, head), "abcdef"u8), finished.Crc32C);
    }

    [Fact]
    public async Task A_record_without_storage_or_with_an_old_path_is_read()
    {
        var without = _folder.WritePredecessors("hel", "5", storage: "");
        var moved = _folder.WritePredecessors("hell", "5", storage: ""","Storage":{"Path":"/mnt/before/tus-prefix/x","Type":"filestore"}""");

        Assert.Equal(3, (await _folder.Open().FindAsync(without, Stop))?.Offset);
        Assert.Equal(4, (await _folder.Open().FindAsync(moved, Stop))?.Offset);
    }

    [Fact]
    [Rule("SF1")]
    public async Task Data_elsewhere_below_the_base_folder_is_found_continued_and_deleted()
    {
        var elsewhere = Directory.CreateDirectory(_folder.Base + "/elsewhere").FullName + "/data.bin";
        var id = _folder.WritePredecessors("", "5", storage: $$""","Storage":{"Path":"{{elsewhere}}","Type":"filestore"}""");
        File.Move(_folder.PathOf(id), elsewhere);
        var store = _folder.Open();

        var upload = await AppendAsync(store, (await store.FindAsync(id, Stop))!, "hel");
        Assert.Equal("hel", await File.ReadAllTextAsync(elsewhere, Stop));
        await store.DeleteAsync(upload, Stop);

        Assert.False(File.Exists(elsewhere));
        Assert.Empty(_folder.Names());
    }

    [Fact]
    [Rule("ST2")]
    public async Task It_can_go_on_with_our_unfinished_upload()
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(new NewUpload { Id = Guid.NewGuid().ToString(), Length = 10, Metadata = UploadMetadata.Parse("a MQ==") }, Stop);
        upload = await AppendAsync(store, upload, "hel");

        // It takes the size of the data file for the offset, and appends.
        await File.AppendAllTextAsync(_folder.PathOf(upload.Id), "lo wo", Stop);
        store = _folder.Open();
        var finished = await store.FinishAsync(await AppendAsync(store, (await store.FindAsync(upload.Id, Stop))!, "rl"), Stop);

        Assert.Equal(Crc32C.Append(0, "hello worl"u8), finished.Crc32C);
        using var record = JsonDocument.Parse(await File.ReadAllBytesAsync(_folder.PathOf(upload.Id, ".info"), Stop));
        Assert.Equal((JsonValueKind.Object, JsonValueKind.Null), (record.RootElement.GetProperty("MetaData").ValueKind, record.RootElement.GetProperty("PartialUploads").ValueKind));
        Assert.All(record.RootElement.GetProperty("Storage").EnumerateObject(), member => Assert.Equal(JsonValueKind.String, member.Value.ValueKind));
    }

    private async Task<Upload?> FindOrRefuseAsync(string id)
    {
        try
        {
            return await _folder.Open().FindAsync(id, Stop);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static async Task<Upload> AppendAsync(FileSystemUploadStore store, Upload upload, string text)
    {
        using var body = await Bodies.OfAsync(upload.Length!.Value - upload.Offset, Encoding.UTF8.GetBytes(text));
        return await store.AppendAsync(upload, body, Stop);
    }
}
