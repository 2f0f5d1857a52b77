using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>What is checked first, and that nothing exists before every check has passed (spec: tus.md 3.4, 4).</summary>
public sealed class CheckOrderTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Unknown = "00000000-0000-4000-8000-000000000000";
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Fact]
    [Rule("P1")]
    public async Task Of_several_faults_the_first_in_order_is_told()
    {
        var final = (await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{await server.CreateAsync(0, "Upload-Concat: partial")}")).Header("Location")![^36..];
        var whole = await server.CreateAsync(5);
        await server.PatchAsync(whole, 0, "hello");
        var open = await server.CreateAsync(5);

        Assert.StartsWith("ERR_INVALID_CONTENT_TYPE", (await PatchAsync(Unknown, "Content-Type: text/plain", "Upload-Offset: x")).Body, StringComparison.Ordinal);
        Assert.StartsWith("ERR_INVALID_OFFSET", (await PatchAsync(Unknown, OffsetStream, "Upload-Offset: x")).Body, StringComparison.Ordinal);
        Assert.StartsWith("ERR_UPLOAD_NOT_FOUND", (await PatchAsync(Unknown, OffsetStream, "Upload-Offset: 9", "Upload-Length: 1")).Body, StringComparison.Ordinal);
        Assert.StartsWith("ERR_MODIFY_FINAL", (await PatchAsync(final, OffsetStream, "Upload-Offset: 9")).Body, StringComparison.Ordinal);
        Assert.StartsWith("ERR_MISMATCHED_OFFSET", (await PatchAsync(whole, OffsetStream, "Upload-Offset: 9")).Body, StringComparison.Ordinal);
        Assert.StartsWith("ERR_MISMATCHED_OFFSET", (await PatchAsync(open, OffsetStream, "Upload-Offset: 9", "Upload-Length: 6")).Body, StringComparison.Ordinal);
        Assert.StartsWith("ERR_INVALID_UPLOAD_LENGTH", (await PatchAsync(open, OffsetStream, "Upload-Offset: 0", "Upload-Length: 6", "Content-Length: 99")).Body, StringComparison.Ordinal);
        Assert.StartsWith("ERR_UPLOAD_SIZE_EXCEEDED", (await PatchAsync(open, OffsetStream, "Upload-Offset: 0", "Content-Length: 99")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Upload-Length: 5", true)]
    [InlineData("Upload-Defer-Length: 1", false)]
    [Rule("CR1")]
    public async Task A_creation_is_told_where_and_nothing_else(string length, bool isKnown)
    {
        var answer = await server.TusAsync("POST", "/files", "", length);

        Assert.Equal((201, "", "0"), (answer.Status, answer.Body, answer.Header("Content-Length")));
        Assert.Null(answer.Header("Upload-Offset"));
        var head = await server.TusAsync("HEAD", "/files/" + answer.Header("Location")![^36..]);
        Assert.Equal(isKnown ? ("5", null) : (null, "1"), (head.Header("Upload-Length"), head.Header("Upload-Defer-Length")));
    }

    [Fact]
    [Rule("R2", "CR6")]
    public async Task Every_address_is_another_random_UUID()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => server.CreateAsync(1)));

        Assert.Equal(200, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id));
        for (var digit = 0; digit < 36; digit++)
        {
            if (digit is not (8 or 13 or 14 or 18 or 23))
                Assert.True(ids.Select(id => id[digit]).Distinct().Count() > 1, $"digit {digit} is always the same");
        }
    }

    [Theory]
    [InlineData("Upload-Length: 5\r\nUpload-Checksum: sha1 AAAA", 400)]
    [InlineData("Upload-Length: 5\r\nTus-Resumable: 1.0.0", 412)]
    [InlineData("Upload-Length: 4", 413)]
    [InlineData("Upload-Length: -5", 400)]
    [InlineData("Upload-Length: 9\r\nUpload-Draft-Interop-Version: 5\r\nUpload-Complete: ?1", 400)]
    [InlineData("Upload-Defer-Length: 1\r\nUpload-Length: 5", 400)]
    [InlineData("Upload-Concat: final;/files/" + Unknown, 403)]
    [InlineData("Upload-Concat: whole\r\nUpload-Length: 5", 400)]
    [Rule("CR8", "CC5")]
    public async Task A_creation_with_bytes_that_is_refused_leaves_no_orphan(string headers, int status)
    {
        var before = (server.Store.Count, server.Lifecycle.Steps.Count);

        var answer = await server.TusAsync("POST", "/files", "hello", OffsetStream, headers);

        Assert.Equal(status, answer.Status);
        Assert.Null(answer.Header("Location"));
        Assert.Equal(before, (server.Store.Count, server.Lifecycle.Steps.Count));
    }

    [Theory]
    [InlineData("Upload-Complete: ?1\r\nUpload-Length: 9")]
    [InlineData("Upload-Complete: ?0\r\nUpload-Length: 4")]
    [Rule("CR8", "DR8", "DR7")]
    public async Task A_draft_creation_that_is_refused_leaves_no_orphan_either(string headers)
    {
        var before = server.Store.Count;

        var answer = await server.RequestAsync(DraftRequests.Draft(8, "POST", "/files", "hello", headers));

        Assert.Contains(answer.Status, (int[])[400, 413]);
        Assert.Equal(before, server.Store.Count);
    }

    private Task<RawAnswer> PatchAsync(string id, params string[] headers) => server.TusAsync("PATCH", $"/files/{id}", "x", headers);
}
