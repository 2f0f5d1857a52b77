using Dex.Testing;
using Dex.Tus.Digests;
using static Dex.Tus.Tests.Protocol.ContentDigestTests;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md DR22, the digest of a whole upload: declared, compared at completion, told when wanted.</summary>
public sealed class ReprDigestTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Text = "ERR_CHECKSUM_MISMATCH: the upload does not match the digest declared for it, and is not processed\n";
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    public static TheoryData<string> Algorithms => ["sha-256", "sha-512", "crc32c"];

    [Theory, MemberData(nameof(Algorithms))]
    [Rule("DR22")]
    public async Task DR22_an_upload_that_is_not_what_was_declared_is_complete_and_rejected(string algorithm)
    {
        var wrong = await server.RequestAsync(Create("hellO", "Upload-Complete: ?1", $"Repr-Digest: {Digest(algorithm, "hello")}"));
        var right = await server.RequestAsync(Create("hello", "Upload-Complete: ?1", $"Repr-Digest: {Digest(algorithm, "hello")}"));

        var id = IdOf(wrong);
        Assert.Equal((400, "?1", "5", "application/problem+json"), (wrong.Status, wrong.Header("Upload-Complete"), wrong.Header("Upload-Offset"), wrong.Header("Content-Type")));
        Assert.Equal("5", await server.OffsetAsync(id));
        Assert.True((await FindAsync(id)).IsRejected);
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
        Assert.Equal((201, "?1"), (right.Status, right.Header("Upload-Complete")));
        Assert.False((await FindAsync(IdOf(right))).IsRejected);
    }

    [Theory, MemberData(nameof(Algorithms))]
    [Rule("DR22")]
    public async Task DR22_tus_1_0_declares_it_on_its_creation_and_is_told_on_the_last_PATCH_each_time(string algorithm)
    {
        var id = await server.CreateAsync(5, $"Repr-Digest: {Digest(algorithm, "hello")}");

        var first = await server.PatchAsync(id, 0, "hel");
        var last = await server.PatchAsync(id, 3, "l0");
        var again = await server.PatchAsync(id, 5, "");
        var draft = await server.RequestAsync(Append(id, 5, "", "Upload-Complete: ?1"));

        Assert.Equal(204, first.Status);
        Assert.Equal(("HTTP/1.1 460 Checksum Mismatch", Text, "5"), (last.StatusLine, last.Body, last.Header("Upload-Offset")));
        Assert.Equal((460, Text), (again.Status, again.Body));
        Assert.Equal((400, "?1"), (draft.Status, draft.Header("Upload-Complete")));
        Assert.Equal("5", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_digests_run_along_over_many_requests_and_nothing_is_read_again()
    {
        var reads = server.Store.Reads;
        var id = await server.CreateAsync(10, $"Repr-Digest: {Digest("sha-256", "0123456789")}, {Digest("sha-512", "0123456789")}");

        for (var offset = 0; offset < 10; offset++)
            Assert.Equal(204, (await server.PatchAsync(id, offset, $"{offset}")).Status);

        Assert.False((await FindAsync(id)).IsRejected);
        Assert.Equal(reads, server.Store.Reads);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_digest_that_did_not_run_along_is_had_by_reading_once()
    {
        var id = await server.CreateAsync(10, $"Repr-Digest: {Digest("sha-256", "0123456789")}");
        await server.PatchAsync(id, 0, "01234");
        await using var restarted = new TusServer(server.Store);
        await restarted.InitializeAsync();
        var reads = server.Store.Reads;

        var last = await restarted.PatchAsync(id, 5, "56789");
        var again = await restarted.PatchAsync(id, 10, "");

        Assert.Equal((204, 204), (last.Status, again.Status));
        Assert.Equal(reads + 1, server.Store.Reads);
        Assert.False((await FindAsync(id)).Digests!.IsPending);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_displaced_request_does_not_confuse_the_digest()
    {
        var id = await server.CreateAsync(10, $"Repr-Digest: {Digest("sha-256", "0123456789")}");
        using var silent = await RawConnection.OpenAsync(server.Port);
        await silent.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "0123", OffsetStream, "Upload-Offset: 0", "Content-Length: 10"));
        await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == 4);

        var offset = await server.OffsetAsync(id);
        var last = await server.PatchAsync(id, 4, "456789");

        Assert.Equal(("4", 204), (offset, last.Status));
        Assert.False((await FindAsync(id)).IsRejected);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_deferred_length_and_chunks_are_compared_at_their_proper_end()
    {
        var wrong = await server.RequestAsync(Create("5\r\nhello\r\n0\r\n\r\n", "Upload-Complete: ?1", "Transfer-Encoding: chunked", $"Repr-Digest: {Digest("sha-256", "other")}"));
        var id = await server.CreateAsync(null, $"Repr-Digest: {Digest("sha-256", "hello")}");
        await server.PatchAsync(id, 0, "hello");
        var right = await server.PatchAsync(id, 5, "", "Upload-Length: 5");

        Assert.Equal((400, "?1"), (wrong.Status, wrong.Header("Upload-Complete")));
        Assert.Equal(204, right.Status);
        Assert.False((await FindAsync(id)).IsRejected);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_an_upload_of_no_bytes_is_compared_at_its_creation()
    {
        var wrong = await server.TusAsync("POST", "/files", "", "Upload-Length: 0", $"Repr-Digest: {Digest("sha-256", "x")}");
        var withBody = await server.TusAsync("POST", "/files", "", "Upload-Length: 0", OffsetStream, $"Repr-Digest: {Digest("sha-256", "x")}");
        var draft = await server.RequestAsync(Create("", "Upload-Complete: ?1", $"Repr-Digest: {Digest("sha-256", "x")}"));
        var right = await server.TusAsync("POST", "/files", "", "Upload-Length: 0", $"Repr-Digest: {Digest("sha-256", "")}", "Want-Repr-Digest: sha-256=1");

        Assert.All([wrong, withBody], answer => Assert.Equal((460, Text), (answer.Status, answer.Body)));
        Assert.Equal((400, "?1", "0"), (draft.Status, draft.Header("Upload-Complete"), draft.Header("Upload-Offset")));
        Assert.Equal((201, Digest("sha-256", "")), (right.Status, right.Header("Repr-Digest")));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", IdOf(wrong)));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_creation_with_upload_and_a_checked_chunk_are_compared_as_a_whole()
    {
        var wrong = await server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", OffsetStream, $"Repr-Digest: {Digest("sha-256", "other")}");
        var reads = server.Store.Reads;
        var right = await server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", OffsetStream, $"Repr-Digest: {Digest("sha-256", "hello")}", $"Content-Digest: {Digest("sha-256", "hello")}");

        Assert.Equal((460, "5"), (wrong.Status, wrong.Header("Upload-Offset")));
        Assert.NotNull(wrong.Header("Location"));
        Assert.Equal((201, "5"), (right.Status, right.Header("Upload-Offset")));
        Assert.Equal(reads, server.Store.Reads);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_final_upload_is_compared_and_a_rejected_part_is_not_joined()
    {
        var part = await server.CreateAsync(5, "Upload-Concat: partial");
        await server.PatchAsync(part, 0, "hello");
        var rejected = await server.CreateAsync(5, "Upload-Concat: partial", $"Repr-Digest: {Digest("sha-256", "other")}");
        await server.PatchAsync(rejected, 0, "hello");

        var wrong = await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{part} /files/{part}", $"Repr-Digest: {Digest("sha-256", "hello")}");
        var right = await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{part} /files/{part}", $"Repr-Digest: {Digest("sha-256", "hellohello")}");
        var refused = await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{part} /files/{rejected}");

        Assert.Equal((460, Text), (wrong.Status, wrong.Body));
        Assert.Equal(201, right.Status);
        Assert.Equal((460, null), (refused.Status, refused.Header("Location")));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_failure_while_comparing_is_told_as_one_and_made_good_by_the_next_request()
    {
        var id = await server.CreateAsync(5, $"Repr-Digest: {Digest("sha-256", "hello")}");
        server.Store.FailNext["RecordDigestsAsync"] = new IOException("disk");

        var failed = await server.PatchAsync(id, 0, "hello");
        var again = await server.PatchAsync(id, 5, "");

        Assert.Equal((500, 204), (failed.Status, again.Status));
        Assert.Equal(1, server.Lifecycle.CountOf("unsettled", id));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
        Assert.False((await FindAsync(id)).Digests!.IsPending);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_digests_that_cannot_both_be_true_are_refused_before_anything_exists()
    {
        await using var strict = new TusServer();
        await strict.InitializeAsync();
        strict.Lifecycle.Digests = [new UploadDigest(DigestAlgorithm.Crc32C, [1, 2, 3, 4])];

        var answer = await strict.TusAsync("POST", "/files", "", "Upload-Length: 5", $"Repr-Digest: {Digest("crc32c", "hello")}");

        Assert.Equal((400, "ERR_INVALID_CHECKSUM: different digests are declared for one upload\n"), (answer.Status, answer.Body));
        Assert.Equal(0, strict.Store.Count);
    }

    [Theory]
    [InlineData("sha-256=10, sha-512=3", "sha-256")]
    [InlineData("sha-256=1, sha-512=9", "sha-512")]
    [InlineData("sha-256=5, sha-512=5", "sha-256")]
    [InlineData("sha-512=0, sha-256=1;x", "sha-256")]
    [InlineData("crc32c=10", "crc32c")]
    [InlineData("md5=10, sha-512=1", "sha-512")]
    [InlineData("sha-256=0", null)]
    [InlineData("sha-256=11", null)]
    [InlineData("sha-256=-1", null)]
    [InlineData("sha-256=5.0", null)]
    [InlineData("sha-256", null)]
    [InlineData("sha-256=?1", null)]
    [InlineData("md5=10", null)]
    [InlineData("sha-256=1,", null)]
    [InlineData("", null)]
    [Rule("DR22")]
    public async Task DR22_the_digest_that_is_wanted_most_is_told_with_the_completing_answer(string wanted, string? algorithm)
    {
        var expected = algorithm is null ? null : Digest(algorithm, "hello");
        var id = await server.CreateAsync(5);

        var created = await server.RequestAsync(Create("hello", "Upload-Complete: ?1", $"Want-Repr-Digest: {wanted}"));
        var first = await server.PatchAsync(id, 0, "hel", $"Want-Repr-Digest: {wanted}");
        var last = await server.PatchAsync(id, 3, "lo", $"Want-Repr-Digest: {wanted}");

        Assert.Equal((201, expected), (created.Status, created.Header("Repr-Digest")));
        Assert.Equal((204, null), (first.Status, first.Header("Repr-Digest")));
        Assert.Equal((204, expected), (last.Status, last.Header("Repr-Digest")));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_a_wanted_digest_of_what_was_rejected_is_that_of_what_arrived()
    {
        var answer = await server.RequestAsync(Create("hellO", "Upload-Complete: ?1", $"Repr-Digest: {Digest("sha-256", "hello")}", "Want-Repr-Digest: sha-512=1"));

        Assert.Equal((400, Digest("sha-512", "hellO")), (answer.Status, answer.Header("Repr-Digest")));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_HEAD_tells_what_is_known_and_computes_nothing()
    {
        var declared = IdOf(await server.RequestAsync(Create("hello", "Upload-Complete: ?1", $"Repr-Digest: {Digest("sha-256", "hello")}")));
        var plain = IdOf(await server.RequestAsync(Create("hello", "Upload-Complete: ?1")));
        var reads = server.Store.Reads;

        var head = await server.TusAsync("HEAD", $"/files/{declared}", "", "Want-Repr-Digest: sha-512=10");
        var none = await server.TusAsync("HEAD", $"/files/{plain}", "", "Want-Repr-Digest: sha-512=10");

        Assert.Equal(Digest("sha-256", "hello"), head.Header("Repr-Digest"));
        Assert.Null(none.Header("Repr-Digest"));
        Assert.Equal(reads, server.Store.Reads);
    }

    [Theory]
    [InlineData("hellO", 460)]
    [InlineData("", 460)]
    [InlineData("hello", 201)]
    [Rule("DR22")]
    public async Task DR22_a_file_in_one_plain_request_is_compared_too(string content, int status)
    {
        string Put(params string[] headers) =>
            $"PUT /files/name.txt HTTP/1.1\r\nHost: up.example\r\nUpload-Metadata: a Yg==\r\n{string.Concat(headers.Select(header => header + "\r\n"))}Content-Length: {content.Length}\r\n\r\n{content}";

        var whole = await server.RequestAsync(Put($"Repr-Digest: {Digest("sha-256", "hello")}", "Want-Repr-Digest: sha-512=1"));
        var part = await server.RequestAsync(Put($"Content-Digest: {Digest("sha-256", "hello")}"));
        var invalid = await server.RequestAsync(Put("Content-Digest: sha-256"));

        Assert.Equal((status, status, 400), (whole.Status, part.Status, invalid.Status));
        Assert.Equal(status == 201 ? Digest("sha-512", "hello") : null, whole.Header("Repr-Digest"));
    }

    [Fact]
    [Rule("DR22", "CO2", "CO3")]
    public async Task DR22_CO2_CO3_browsers_may_send_and_read_the_fields()
    {
        var preflight = await server.RequestAsync("OPTIONS /files HTTP/1.1\r\nHost: a\r\nOrigin: http://page\r\n\r\n");
        var head = await server.RequestAsync("HEAD /files/x HTTP/1.1\r\nHost: a\r\nOrigin: http://page\r\n\r\n");

        Assert.Contains("Content-Digest, Repr-Digest, Want-Repr-Digest", preflight.Header("Access-Control-Allow-Headers"), StringComparison.Ordinal);
        Assert.Contains("Repr-Digest", head.Header("Access-Control-Expose-Headers"), StringComparison.Ordinal);
    }

    private async Task<Tus.Stores.Upload> FindAsync(string id) => (await server.Store.FindAsync(id, TestContext.Current.CancellationToken))!;
}
