using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dex.Testing;
using Dex.Tus.Receiving;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md DR22, the digest of one request's content, as strict as CK1 and CK3.</summary>
public sealed class ContentDigestTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Partial = "Content-Type: application/partial-upload";
    private const string Invalid = "ERR_INVALID_CHECKSUM: invalid Content-Digest or Repr-Digest\n";
    private const string Problem = "{\"type\":\"https://iana.org/assignments/http-problem-types#digest-mismatched-values\",\"title\":\"mismatched digest values\",\"detail\":\"the content does not match its Content-Digest\"}";

    [Theory]
    [InlineData("sha-256")]
    [InlineData("sha-512")]
    [InlineData("crc32c")]
    [Rule("DR22")]
    public async Task DR22_an_append_that_matches_counts_and_one_that_does_not_never_does(string algorithm)
    {
        var id = await server.CreateAsync(5);

        var wrong = await server.RequestAsync(Append(id, 0, "hellO", $"Content-Digest: {Digest(algorithm, "hello")}"));
        var offset = await server.OffsetAsync(id);
        var right = await server.RequestAsync(Append(id, 0, "hello", $"Content-Digest: {Digest(algorithm, "hello")}"));

        Assert.Equal((400, "?0", "application/problem+json", Problem), (wrong.Status, wrong.Header("Upload-Complete"), wrong.Header("Content-Type"), wrong.Body));
        Assert.Equal("0", offset);
        Assert.Equal((204, "5", "?1"), (right.Status, right.Header("Upload-Offset"), right.Header("Upload-Complete")));
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_creation_that_does_not_match_is_never_complete()
    {
        var wrong = await server.RequestAsync(Create("hellO", "Upload-Complete: ?1", $"Content-Digest: {Digest("sha-256", "hello")}"));
        var right = await server.RequestAsync(Create("hello", "Upload-Complete: ?1", $"Content-Digest: {Digest("sha-256", "hello")}"));

        var id = IdOf(wrong);
        Assert.Equal((400, "?0"), (wrong.Status, wrong.Header("Upload-Complete")));
        Assert.Equal("0", await server.OffsetAsync(id));
        Assert.Equal(0, server.Lifecycle.CountOf("finishing", id));
        Assert.Equal((201, "?1"), (right.Status, right.Header("Upload-Complete")));
    }

    [Theory]
    [InlineData("Upload-Complete: ?1")]
    [InlineData("Upload-Complete: ?0")]
    [Rule("DR22")]
    public async Task DR22_an_empty_creation_with_the_digest_of_something_creates_nothing(string completeness)
    {
        var before = server.Store.Count;

        var answer = await server.RequestAsync(Create("", completeness, $"Content-Digest: {Digest("sha-256", "hello")}"));
        var tus = await server.TusAsync("POST", "/files", "", "Upload-Length: 0", "Content-Type: application/offset+octet-stream", $"Content-Digest: {Digest("sha-256", "hello")}");

        Assert.Equal((400, null), (answer.Status, answer.Header("Location")));
        Assert.Equal((460, null), (tus.Status, tus.Header("Location")));
        Assert.Equal(before, server.Store.Count);
    }

    [Theory]
    [InlineData("Upload-Complete: ?1")]
    [InlineData("Upload-Complete: ?0")]
    [Rule("DR22")]
    public async Task DR22_empty_chunks_with_the_digest_of_something_create_nothing_either(string completeness)
    {
        var before = server.Store.Count;
        string[] chunked = ["Upload-Length: 0", "Transfer-Encoding: chunked", $"Content-Digest: {Digest("sha-256", "hello")}"];

        var answer = await server.RequestAsync($"POST /files HTTP/1.1\r\nHost: a\r\nUpload-Draft-Interop-Version: 6\r\n{completeness}\r\n{string.Join("\r\n", chunked)}\r\n\r\n0\r\n\r\n");
        var tus = await server.TusAsync("POST", "/files", "0\r\n\r\n", ["Content-Type: application/offset+octet-stream", .. chunked]);

        Assert.Equal((400, null), (answer.Status, answer.Header("Location")));
        Assert.Equal((460, null), (tus.Status, tus.Header("Location")));
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_an_older_version_is_told_in_plain_text()
    {
        var id = await server.CreateAsync(5);

        var answer = await server.RequestAsync($"PATCH /files/{id} HTTP/1.1\r\nHost: a\r\nUpload-Draft-Interop-Version: 5\r\nUpload-Offset: 0\r\nContent-Length: 5\r\nContent-Digest: {Digest("sha-512", "other")}\r\n\r\nhello");

        Assert.Equal((400, "ERR_CHECKSUM_MISMATCH: the content does not match its Content-Digest\n"), (answer.Status, answer.Body));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_request_of_tus_1_0_may_bring_it_too_beside_its_own_checksum()
    {
        var id = await server.CreateAsync(5);
        var checksum = $"Upload-Checksum: sha1 {Convert.ToBase64String(CryptographicOperations.HashData(HashAlgorithmName.SHA1, "hello"u8))}";

        var wrong = await server.PatchAsync(id, 0, "hello", checksum, $"Content-Digest: {Digest("sha-256", "other")}");
        var offset = await server.OffsetAsync(id);
        var right = await server.PatchAsync(id, 0, "hello", checksum, $"Content-Digest: {Digest("sha-256", "hello")}");
        var created = await server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", "Content-Type: application/offset+octet-stream", $"Content-Digest: {Digest("sha-256", "other")}");

        Assert.Equal("HTTP/1.1 460 Checksum Mismatch", wrong.StatusLine);
        Assert.Equal("ERR_CHECKSUM_MISMATCH: the content does not match its Content-Digest\n", wrong.Body);
        Assert.Equal(("0", 204), (offset, right.Status));
        Assert.Equal((460, "0"), (created.Status, await server.OffsetAsync(IdOf(created))));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_every_algorithm_we_know_is_verified()
    {
        var id = await server.CreateAsync(10);

        var both = await server.RequestAsync(Append(id, 0, "hello", $"Content-Digest: {Digest("sha-256", "hello")}, {Digest("sha-512", "hello")}"));
        var one = await server.RequestAsync(Append(id, 5, "world", $"Content-Digest: {Digest("sha-256", "world")}", $"Content-Digest: {Digest("sha-512", "hello")}"));

        Assert.Equal((204, 400), (both.Status, one.Status));
        Assert.Equal("5", await server.OffsetAsync(id));
    }

    [Theory]
    [InlineData("md5=:AAAA:")]
    [InlineData("unixsum=30637")]
    [InlineData("foo=:AAAA:;x=1, bar;y, baz=(1 \"a,b\" :AA==:);q=2.5")]
    [InlineData("SHA-256=:AAAA:", 400)]
    [InlineData("")]
    [InlineData("*a=@1700000000, t=a/b:c, d=%\"a%20b\", n=-12.125, b=?0")]
    [Rule("DR22")]
    public async Task DR22_unknown_algorithms_are_ignored(string value, int status = 204)
    {
        var id = await server.CreateAsync(5);

        var answer = await server.RequestAsync(Append(id, 0, "hello", $"Content-Digest: {value}"));

        Assert.Equal(status, answer.Status);
    }

    [Theory]
    [InlineData("sha-256=:AAAA:")] // too short
    [InlineData("sha-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")] // a token is no byte sequence
    [InlineData("sha-256=\"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\"")]
    [InlineData("sha-256")]
    [InlineData("sha-256=1")]
    [InlineData("sha-256=(:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:)")]
    [InlineData("sha-256=::")]
    [InlineData("sha-256=:")]
    [InlineData("sha-256=:!!!!:")]
    [InlineData("sha-256=:LPJN ul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:")]
    [InlineData("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:,")]
    [InlineData("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=: x")]
    [InlineData("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:;")]
    [InlineData("a=(1")]
    [InlineData("a=\"x")]
    [InlineData("a=\"\\x\"")]
    [InlineData("a=1.")]
    [InlineData("a=1234567890123456")]
    [InlineData("=:AAAA:")]
    [InlineData(",")]
    [InlineData("crc32c=:AAAAAAA=:")]
    [Rule("DR22")]
    public async Task DR22_a_digest_that_cannot_be_checked_is_refused(string value)
    {
        var id = await server.CreateAsync(5);
        var before = server.Store.Count;

        var appended = await server.RequestAsync(Append(id, 0, "hello", $"Content-Digest: {value}"));
        var created = await server.RequestAsync(Create("hello", "Upload-Complete: ?1", $"Repr-Digest: {value}"));
        var tus = await server.TusAsync("POST", "/files", "", "Upload-Length: 5", $"Repr-Digest: {value}");

        Assert.All([appended, created, tus], answer => Assert.Equal((400, Invalid), (answer.Status, answer.Body)));
        Assert.Equal("0", await server.OffsetAsync(id));
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_parameters_and_missing_padding_do_no_harm_and_of_equal_keys_the_last_counts()
    {
        var id = await server.CreateAsync(10);
        var unpadded = Digest("sha-256", "hello").Replace("=:", ":", StringComparison.Ordinal).Replace("256:", "256=:", StringComparison.Ordinal);

        var first = await server.RequestAsync(Append(id, 0, "hello", $"Content-Digest: {unpadded};a;b=1;c=\"x, y\""));
        var second = await server.RequestAsync(Append(id, 5, "world", $"Content-Digest: {Digest("sha-256", "other")}", $"Content-Digest: \t{Digest("sha-256", "world")}"));

        Assert.Equal((204, 204), (first.Status, second.Status));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_thousand_members_and_a_huge_value_are_read_and_ignored()
    {
        var id = await server.CreateAsync(10);
        var members = string.Join(", ", Enumerable.Range(0, 1000).Select(n => string.Create(CultureInfo.InvariantCulture, $"a{n}=:AAAA:")));

        var many = await server.RequestAsync(Append(id, 0, "hello", $"Content-Digest: {members}, {Digest("sha-256", "hello")}"));
        var huge = await server.RequestAsync(Append(id, 5, "world", $"Content-Digest: a=:{new string('A', 20_000)}:", $"Want-Repr-Digest: {new string('(', 2_000)}"));

        Assert.Equal((204, 204), (many.Status, huge.Status));
    }

    [Fact]
    [Rule("DR22", "CK3")]
    public async Task DR22_CK3_a_cut_body_counts_nothing()
    {
        var id = await server.CreateAsync(5);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(Append(id, 0, "hel", "Content-Length: 5", $"Content-Digest: {Digest("sha-256", "hello")}"));
        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal((400, "?0"), (answer!.Status, answer.Header("Upload-Complete")));
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    internal static string Digest(string algorithm, string content)
    {
        var bytes = Encoding.ASCII.GetBytes(content);
        var digest = algorithm switch
        {
            "sha-256" => SHA256.HashData(bytes),
            "sha-512" => SHA512.HashData(bytes),
            _ => BitConverter.GetBytes(Crc32C.Append(0, bytes)).Reverse().ToArray(),
        };
        return $"{algorithm}=:{Convert.ToBase64String(digest)}:";
    }

    internal static string IdOf(RawAnswer answer) => answer.Header("Location")!.Split('/')[^1];

    // Without an interop version, so without 104 responses in between.
    internal static string Create(string content, params string[] headers) => Compose("POST", "/files", content, headers);

    internal static string Append(string id, long offset, string content, params string[] headers)
    {
        string[] completeness = headers.Any(header => header.StartsWith("Upload-Complete", StringComparison.Ordinal)) ? [] : ["Upload-Complete: ?0"];
        return Compose("PATCH", $"/files/{id}", content, [Partial, $"Upload-Offset: {offset}", .. completeness, .. headers]);
    }

    private static string Compose(string method, string path, string content, string[] headers) =>
        $"{method} {path} HTTP/1.1\r\nHost: up.example\r\n{string.Concat(headers.Select(header => header + "\r\n"))}"
        + (headers.Any(header => header.StartsWith("Content-Length", StringComparison.Ordinal) || header.StartsWith("Transfer-Encoding", StringComparison.Ordinal)) ? "" : $"Content-Length: {content.Length}\r\n")
        + $"\r\n{content}";
}
