using Dex.Testing;
using static Dex.Tus.Tests.DraftRequests;

namespace Dex.Tus.Tests.Protocol;

/// <summary>What draft answers say of an upload, its limits and its completeness (spec: tus.md 18.2 to 18.5).</summary>
public sealed class DraftStateTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Unknown = "00000000-0000-4000-8000-000000000000";

    [Theory, MemberData(nameof(DraftRequests.Versions), MemberType = typeof(DraftRequests))]
    [Rule("DR2", "H1", "DR20")]
    public async Task Answers_name_their_text_and_nothing_of_tus_1_0(int version)
    {
        var created = await server.LastAnswerAsync(Draft(version, "POST", "/files", "hello", Completeness(version, true)));
        var path = new Uri(created.Header("Location")!).AbsolutePath;
        var head = await server.RequestAsync(Draft(version, "HEAD", path, ""));
        var unknown = await server.RequestAsync(Draft(version, "HEAD", $"/files/{Unknown}", ""));
        var refused = await server.RequestAsync(Draft(version, "PATCH", path, "x", Partial, "Upload-Offset: 3"));

        Assert.Equal((201, $"{version}", "min-size=0,max-size=5"), (created.Status, created.Header("Upload-Draft-Interop-Version"), created.Header("Upload-Limit")));
        Assert.True(IsComplete(version, created));
        Assert.Equal((204, $"{version}"), (head.Status, head.Header("Upload-Draft-Interop-Version")));
        Assert.Equal((404, null), (unknown.Status, unknown.Header("Upload-Offset")));
        Assert.Equal(409, refused.Status);
        Assert.All(new[] { created, head, unknown, refused }, answer =>
        {
            Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Tus-", StringComparison.OrdinalIgnoreCase));
            Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        });
    }

    [Fact]
    [Rule("DR3", "O4", "DR17", "DR7", "CR3")]
    public async Task A_configured_maximum_is_told_everywhere_and_by_its_413()
    {
        await using var limited = new TusServer(options => options.MaxSize = 10);
        await limited.InitializeAsync();
        using var connection = await RawConnection.OpenAsync(limited.Port);

        var options = await limited.RequestAsync("OPTIONS /files HTTP/1.1\r\nHost: a\r\n\r\n");
        var draftOptions = await limited.RequestAsync(Draft(8, "OPTIONS", "/files", ""));
        await connection.SendAsync(Draft(8, "POST", "/files", "hello", "Upload-Complete: ?0", "Upload-Length: 7"));
        var interim = await connection.ReadAnswerAsync();
        var created = await connection.ReadAnswerAsync();
        var head = await limited.RequestAsync(Draft(8, "HEAD", new Uri(created!.Header("Location")!).AbsolutePath, ""));
        var announced = await limited.RequestAsync(Draft(8, "POST", "/files", "", "Upload-Complete: ?0", "Upload-Length: 11"));
        var sent = await limited.RequestAsync(Draft(8, "POST", "/files", "hello world", "Upload-Complete: ?1"));

        Assert.All(new[] { options, draftOptions, interim!, created, head, announced, sent }, answer => Assert.Equal("min-size=0,max-size=10", answer.Header("Upload-Limit")));
        Assert.Equal((413, 413), (announced.Status, sent.Status));
        Assert.Equal((200, 200), (options.Status, draftOptions.Status));
    }

    [Theory]
    [InlineData(3, "Upload-Incomplete: ?1", false)]
    [InlineData(3, "Upload-Incomplete: ?0", true)]
    [InlineData(3, "Upload-Complete: ?1", false)]
    [InlineData(4, "Upload-Incomplete: ?0", false)]
    [InlineData(4, "Upload-Complete: ?1", true)]
    [InlineData(8, "Upload-Complete: ?0", false)]
    [InlineData(8, "X: y", false)]
    [InlineData(3, "X: y", false)]
    [Rule("DR4", "DR1")]
    public async Task Only_the_versions_own_word_says_that_this_is_the_end(int version, string header, bool completes)
    {
        var created = await server.LastAnswerAsync(Draft(version, "POST", "/files", "hello", header));
        var head = await server.RequestAsync(Draft(version, "HEAD", new Uri(created.Header("Location")!).AbsolutePath, ""));

        Assert.Equal((completes, completes), (IsComplete(version, created), IsComplete(version, head)));
        Assert.Equal(completes ? "5" : null, head.Header("Upload-Length"));
    }

    [Fact]
    [Rule("DR15", "HD2", "HD5")]
    public async Task HEAD_tells_how_far_it_is_and_how_long_it_will_be()
    {
        var id = await server.CreateAsync(10);
        await server.PatchAsync(id, 0, "hello");

        var head = await server.RequestAsync(Draft(6, "HEAD", $"/files/{id}", ""));

        Assert.Equal((204, "5", "10", "?0"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Length"), head.Header("Upload-Complete")));
        Assert.Equal(("no-store", "min-size=0,max-size=10", null), (head.Header("Cache-Control"), head.Header("Upload-Limit"), head.Header("Upload-Defer-Length")));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    [InlineData(8, true)]
    [Rule("DR19")]
    public async Task While_a_body_is_read_the_stored_offset_is_told_without_an_address(int version, bool isTold)
    {
        var clock = new ManualClock();
        await using var slow = new TusServer(_ => { }, clock: clock);
        await slow.InitializeAsync();
        var id = await slow.CreateAsync(10);
        using var connection = await RawConnection.OpenAsync(slow.Port);

        await connection.SendAsync(Draft(version, "PATCH", $"/files/{id}", "hel", Partial, "Upload-Offset: 0", "Content-Length: 10"));
        await Eventually.TrueAsync(() => slow.Store.BytesOf(id).Length == 3);
        clock.Advance(TimeSpan.FromSeconds(2));
        await connection.SendAsync("lo");
        var interim = isTold ? await connection.ReadAnswerAsync() : null;
        await connection.SendAsync("world");
        var last = await connection.ReadAnswerAsync();

        Assert.Equal((204, "10"), (last!.Status, last.Header("Upload-Offset")));
        if (isTold)
            Assert.Equal((104, "5", null, $"{version}"), (interim!.Status, interim.Header("Upload-Offset"), interim.Header("Location"), interim.Header("Upload-Draft-Interop-Version")));
    }

    [Theory]
    [InlineData("?0", "?0")]
    [InlineData("?1", "?1")]
    [Rule("DR11", "DR20", "CR4")]
    public async Task A_creation_without_content_is_an_address_or_an_empty_upload(string says, string told)
    {
        var created = await server.LastAnswerAsync(Draft(8, "POST", "/files", "", $"Upload-Complete: {says}"));

        Assert.Equal((201, "0", told), (created.Status, created.Header("Upload-Offset"), created.Header("Upload-Complete")));
        Assert.Equal(says == "?1" ? 1 : 0, server.Lifecycle.CountOf("finishing", created.Header("Location")![^36..]));
    }

    [Theory, MemberData(nameof(DraftRequests.Versions), MemberType = typeof(DraftRequests))]
    [Rule("DR20")]
    public async Task A_refused_append_says_that_the_upload_is_not_complete(int version)
    {
        var id = await server.CreateAsync(10);
        server.Store.FailNext["AppendAsync"] = new IOException("away");

        var broken = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "hello", Partial, "Upload-Offset: 0"));
        var misplaced = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "hello", Partial, "Upload-Offset: x"));

        Assert.Equal((500, 400), (broken.Status, misplaced.Status));
        Assert.All(new[] { broken, misplaced }, answer =>
            Assert.Equal(version == 3 ? ("?1", null) : (null, "?0"), (answer.Header("Upload-Incomplete"), answer.Header("Upload-Complete"))));
    }

    [Theory]
    [InlineData("PUT", "/files")]
    [InlineData("GET", "/files/" + Unknown)]
    [InlineData("POST", "/files/" + Unknown)]
    [Rule("DR11", "R4")]
    public async Task Other_methods_are_405(string method, string path)
    {
        Assert.Equal(405, (await server.RequestAsync(Draft(8, method, path, "", "Upload-Complete: ?1"))).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("?a=b")]
    [Rule("DR23", "R1")]
    public async Task HEAD_and_DELETE_are_never_redirected(string ending)
    {
        var id = await server.CreateAsync(5);

        var head = await server.RequestAsync(Draft(8, "HEAD", $"/files/{id}{ending}", ""));
        var delete = await server.RequestAsync(Draft(8, "DELETE", $"/files/{id}{ending}", ""));

        Assert.Equal((204, 204), (head.Status, delete.Status));
    }

    [Fact]
    [Rule("R6")]
    public async Task One_upload_is_continued_in_every_dialect()
    {
        var created = await server.LastAnswerAsync(Draft(3, "POST", "/files", "a", "Upload-Incomplete: ?1"));
        var path = new Uri(created.Header("Location")!).AbsolutePath;

        foreach (var version in (int[])[4, 5, 6, 7, 8])
            Assert.Equal(204, (await server.RequestAsync(Draft(version, "PATCH", path, $"{version}", Partial, $"Upload-Offset: {version - 3}"))).Status);
        var newest = await server.RequestAsync($"PATCH {path} HTTP/1.1\r\nHost: a\r\nUpload-Complete: ?0\r\nUpload-Offset: 6\r\n{Partial}\r\nContent-Length: 1\r\n\r\nn");
        var tus = await server.PatchAsync(path[7..], 7, "t", "Upload-Length: 8");

        Assert.Equal((204, 204), (newest.Status, tus.Status));
        Assert.Equal("a45678nt"u8.ToArray(), server.Store.BytesOf(path[7..]));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", path[7..]));
    }
}
