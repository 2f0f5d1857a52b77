using System.Security.Cryptography;
using System.Text;
using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 9.</summary>
public sealed class ChecksumTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Invalid = "ERR_INVALID_CHECKSUM: missing, invalid or unsupported Upload-Checksum\n";
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Theory]
    [InlineData("sha1")]
    [InlineData("md5")]
    [InlineData("sha256")]
    [InlineData("sha384")]
    [InlineData("sha512")]
    [Rule("CK1", "CK2")]
    public async Task CK1_CK2_a_body_that_matches_counts_and_one_that_does_not_never_does(string algorithm)
    {
        var id = await server.CreateAsync(5);

        var wrong = await server.PatchAsync(id, 0, "hellO", Checksum(algorithm, "hello"));
        var offset = await server.OffsetAsync(id);
        var right = await server.PatchAsync(id, 0, "hello", Checksum(algorithm, "hello"));

        Assert.Equal("HTTP/1.1 460 Checksum Mismatch", wrong.StatusLine);
        Assert.Equal("ERR_CHECKSUM_MISMATCH: the body does not match its Upload-Checksum\n", wrong.Body);
        Assert.Equal("0", offset);
        Assert.Equal((204, "5"), (right.Status, right.Header("Upload-Offset")));
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Theory]
    [InlineData("sha1")]
    [InlineData("sha1 ")]
    [InlineData("sha1 !!!")]
    [InlineData("sha1 aGVsbG8=")]
    [InlineData("SHA1 qvTGHdzF6KLavt4PO0gs2a6pQ00=")]
    [InlineData("crc7 AAAA")]
    [InlineData("")]
    [InlineData("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00= x")]
    [InlineData("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\nUpload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=")]
    [Rule("CK1")]
    public async Task CK1_a_checksum_that_cannot_be_checked_is_refused(string value)
    {
        var id = await server.CreateAsync(5);

        var answer = await server.PatchAsync(id, 0, "hello", $"Upload-Checksum: {value}");

        Assert.Equal((400, Invalid), (answer.Status, answer.Body));
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("CK1")]
    public async Task CK1_a_mismatch_leaves_a_deferred_length_undeclared()
    {
        var id = await server.CreateAsync(null);

        await server.PatchAsync(id, 0, "hello", Checksum("sha1", "other"), "Upload-Length: 5");

        Assert.Equal("1", (await server.TusAsync("HEAD", $"/files/{id}")).Header("Upload-Defer-Length"));
    }

    [Fact]
    [Rule("CK3")]
    public async Task CK3_a_cut_body_counts_nothing()
    {
        var id = await server.CreateAsync(5);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hel", OffsetStream, "Upload-Offset: 0", "Content-Length: 5", Checksum("sha1", "hello")));
        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal(400, answer!.Status);
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("CK3")]
    public async Task CK3_a_body_that_does_not_fit_in_memory_is_staged_and_leaves_nothing()
    {
        var folder = Directory.CreateTempSubdirectory();
        await using var small = new TusServer(options => options.StagingFolder = folder.FullName);
        await small.InitializeAsync();
        var content = string.Concat(Enumerable.Range(0, 400_000).Select(n => $"{n % 10_000_000:D8}"));
        var id = await small.CreateAsync(content.Length);

        var answer = await small.PatchAsync(id, 0, content, Checksum("sha256", content));

        Assert.Equal(204, answer.Status);
        Assert.Equal(content, Encoding.ASCII.GetString(small.Store.BytesOf(id)));
        Assert.Empty(folder.EnumerateFileSystemInfos());
        folder.Delete();
    }

    [Theory]
    [InlineData("Upload-Checksum: {0}\r\n", 204)]
    [InlineData("", 400)]
    [Rule("CK4")]
    public async Task CK4_the_checksum_may_come_behind_the_body(string trailer, int status)
    {
        var id = await server.CreateAsync(5);

        var answer = await server.PatchAsync(
            id, 0, $"5\r\nhello\r\n0\r\n{string.Format(System.Globalization.CultureInfo.InvariantCulture, trailer, Checksum("sha1", "hello")[17..])}\r\n", "Transfer-Encoding: chunked", "Trailer: Upload-Checksum");

        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 204 ? "5" : "0", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("CK4")]
    public async Task CK4_a_checksum_in_front_and_behind_is_refused()
    {
        var id = await server.CreateAsync(5);

        var answer = await server.PatchAsync(id, 0, "5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "Trailer: Upload-Checksum", Checksum("sha1", "hello"));

        Assert.Equal((400, Invalid), (answer.Status, answer.Body));
    }

    [Fact]
    [Rule("CK5", "CK6")]
    public async Task CK5_CK6_creation_with_upload_and_empty_bodies_are_checked_too()
    {
        var wrong = await server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", OffsetStream, Checksum("sha1", "other"));
        var right = await server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", OffsetStream, Checksum("sha1", "hello"));
        var id = await server.CreateAsync(5);
        var empty = await server.PatchAsync(id, 0, "", Checksum("sha1", ""));

        Assert.Equal(460, wrong.Status);
        Assert.Equal("0", await server.OffsetAsync(wrong.Header("Location")!.Split('/')[^1]));
        Assert.Equal((201, "5"), (right.Status, right.Header("Upload-Offset")));
        Assert.Equal(204, empty.Status);
    }

    [Fact]
    [Rule("CK1", "CK5")]
    public async Task CK1_CK5_an_upload_of_no_bytes_with_the_checksum_of_some_never_exists()
    {
        var before = server.Store.Count;

        var wrong = await server.TusAsync("POST", "/files", "", "Upload-Length: 0", OffsetStream, Checksum("sha1", "hello"));
        var right = await server.TusAsync("POST", "/files", "", "Upload-Length: 0", OffsetStream, Checksum("sha1", ""));

        Assert.Equal((460, null), (wrong.Status, wrong.Header("Location")));
        Assert.Equal((201, "0"), (right.Status, right.Header("Upload-Offset")));
        Assert.Equal(before + 1, server.Store.Count);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\nUpload-Checksum: {0}", "0\r\n\r\n", 460)]
    [InlineData("Transfer-Encoding: chunked\r\nTrailer: Upload-Checksum", "0\r\nUpload-Checksum: {0}\r\n\r\n", 460)]
    [InlineData("Transfer-Encoding: chunked\r\nTrailer: Upload-Checksum", "0\r\n\r\n", 400)]
    [InlineData("Transfer-Encoding: chunked\r\nUpload-Checksum: {0}", "5\r\nhello\r\n0\r\n\r\n", 413)]
    [InlineData("Transfer-Encoding: chunked\r\nUpload-Checksum: {0}", "0\r\n", 400)]
    [Rule("CK1", "CK4", "CK5")]
    public async Task CK1_CK4_CK5_an_upload_of_no_bytes_is_not_believed_before_its_empty_chunks_are_checked(string headers, string body, int status)
    {
        var before = server.Store.Count;
        string Filled(string text) => text.Replace("{0}", Checksum("sha1", "hello")[17..], StringComparison.Ordinal);

        using var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(TusServer.Compose("POST", "/files", Filled(body), "Upload-Length: 0", OffsetStream, Filled(headers)));
        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal((status, null), (answer!.Status, answer.Header("Location")));
        Assert.Equal(before, server.Store.Count);
    }

    [Theory]
    [InlineData("Upload-Checksum: {0}", "0\r\n\r\n")]
    [InlineData("Trailer: Upload-Checksum", "0\r\nUpload-Checksum: {0}\r\n\r\n")]
    [Rule("CK4", "CK5", "CK6")]
    public async Task CK4_CK5_CK6_an_upload_of_no_bytes_in_empty_chunks_with_their_checksum_is_complete(string header, string body)
    {
        string Filled(string text) => text.Replace("{0}", Checksum("sha1", "")[17..], StringComparison.Ordinal);

        var answer = await server.TusAsync("POST", "/files", Filled(body), "Upload-Length: 0", OffsetStream, "Transfer-Encoding: chunked", Filled(header));

        Assert.Equal((201, "0"), (answer.Status, answer.Header("Upload-Offset")));
        Assert.Equal("0", await server.OffsetAsync(answer.Header("Location")!.Split('/')[^1]));
    }

    private static string Checksum(string algorithm, string content) =>
        $"Upload-Checksum: {algorithm} {Convert.ToBase64String(CryptographicOperations.HashData(new HashAlgorithmName(algorithm.ToUpperInvariant()), Encoding.ASCII.GetBytes(content)))}";
}
