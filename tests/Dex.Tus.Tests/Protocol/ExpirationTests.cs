using System.Globalization;
using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 8.</summary>
public sealed class ExpirationTests : IAsyncLifetime
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";
    private const string Expired = "ERR_UPLOAD_EXPIRED: upload has expired\n";
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    private readonly ManualClock _clock = new();
    private readonly TusServer _server;

    public ExpirationTests() => _server = new TusServer(options =>
    {
        options.Expiration = Period;
        options.ReadTimeout = TimeSpan.FromDays(1);
        options.LockTimeout = TimeSpan.FromDays(1);
    }, clock: _clock);

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    [Rule("O2", "EX1")]
    public async Task O2_EX1_expiration_is_listed_when_it_is_on_and_only_then()
    {
        await using var forEver = new TusServer();
        await forEver.InitializeAsync();

        var on = await _server.TusAsync("OPTIONS", "/files");
        var off = await forEver.TusAsync("OPTIONS", "/files");
        var created = await forEver.TusAsync("POST", "/files", "hel", "Upload-Length: 5", OffsetStream);

        Assert.Equal("creation,creation-with-upload,termination,concatenation,creation-defer-length,expiration,checksum,checksum-trailer,concatenation-unfinished", on.Header("Tus-Extension"));
        Assert.DoesNotContain("expiration", off.Header("Tus-Extension"));
        Assert.Null(created.Header("Upload-Expires"));
    }

    [Fact]
    [Rule("EX1", "EX3")]
    public async Task EX1_EX3_every_stored_byte_renews_the_time_and_POST_PATCH_and_HEAD_tell_it()
    {
        var created = await _server.TusAsync("POST", "/files", "", "Upload-Length: 5");
        var id = created.Header("Location")!.Split('/')[^1];
        _clock.Advance(TimeSpan.FromMinutes(50));
        var patched = await _server.PatchAsync(id, 0, "hel");
        _clock.Advance(TimeSpan.FromMinutes(50));
        var empty = await _server.PatchAsync(id, 3, "");
        var head = await _server.TusAsync("HEAD", $"/files/{id}");

        Assert.Equal("Thu, 05 Jun 2025 15:03:01 GMT", created.Header("Upload-Expires"));
        Assert.Equal("Thu, 05 Jun 2025 15:53:01 GMT", patched.Header("Upload-Expires"));
        Assert.Equal("Thu, 05 Jun 2025 15:53:01 GMT", empty.Header("Upload-Expires"));
        Assert.Equal(("Thu, 05 Jun 2025 15:53:01 GMT", "3"), (head.Header("Upload-Expires"), head.Header("Upload-Offset")));
    }

    [Fact]
    [Rule("EX1")]
    public async Task EX1_a_refused_PATCH_tells_it_too_and_a_finishing_one_does_not()
    {
        var id = await _server.CreateAsync(5);

        var refused = await _server.PatchAsync(id, 1, "hello");
        var finishing = await _server.PatchAsync(id, 0, "hello");
        _clock.Advance(TimeSpan.FromDays(10_000));
        var head = await _server.TusAsync("HEAD", $"/files/{id}");
        var again = await _server.PatchAsync(id, 5, "");

        Assert.Equal((409, "Thu, 05 Jun 2025 15:03:01 GMT"), (refused.Status, refused.Header("Upload-Expires")));
        Assert.Equal((204, null), (finishing.Status, finishing.Header("Upload-Expires")));
        Assert.Equal((200, null, "5"), (head.Status, head.Header("Upload-Expires"), head.Header("Upload-Offset")));
        Assert.Equal(204, again.Status);
    }

    [Fact]
    [Rule("CR4", "EX1")]
    public async Task CR4_EX1_an_upload_that_is_created_whole_never_expires()
    {
        var whole = await _server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", OffsetStream);
        var empty = await _server.TusAsync("POST", "/files", "", "Upload-Length: 0");

        Assert.Equal((201, null), (whole.Status, whole.Header("Upload-Expires")));
        Assert.Equal((201, null), (empty.Status, empty.Header("Upload-Expires")));
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [Rule("EX2")]
    public async Task EX2_after_its_time_an_upload_is_gone_for_every_method(string method)
    {
        var id = await _server.CreateAsync(5);
        await _server.PatchAsync(id, 0, "hel");
        _clock.Advance(Period - TimeSpan.FromSeconds(1));
        Assert.Equal("3", await _server.OffsetAsync(id));

        _clock.Advance(TimeSpan.FromSeconds(1));
        var answer = await _server.TusAsync(method, $"/files/{id}", "", OffsetStream, "Upload-Offset: 3");

        Assert.Equal((410, null, null), (answer.Status, answer.Header("Upload-Offset"), answer.Header("Upload-Expires")));
        Assert.Equal(method == "HEAD" ? "" : Expired, answer.Body);
        Assert.Equal(method == "HEAD" ? "no-store" : null, answer.Header("Cache-Control"));
        Assert.Equal(0, _server.Lifecycle.CountOf("terminated", id));
        Assert.Equal("hel"u8.ToArray(), _server.Store.BytesOf(id));
    }

    [Fact]
    [Rule("EX2")]
    public async Task EX2_a_removed_upload_is_410_while_it_is_remembered_and_404_else()
    {
        var remembered = Guid.NewGuid().ToString();
        _server.Lifecycle.Expired[remembered] = true;

        foreach (var method in (string[])["HEAD", "PATCH", "DELETE"])
        {
            Assert.Equal(410, (await _server.TusAsync(method, $"/files/{remembered}", "", OffsetStream, "Upload-Offset: 3")).Status);
            Assert.Equal(404, (await _server.TusAsync(method, $"/files/{Guid.NewGuid()}", "", OffsetStream, "Upload-Offset: 3")).Status);
        }
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_an_upload_that_a_silent_request_writes_to_does_not_expire_and_goes_on_after_it()
    {
        var id = await _server.CreateAsync(5);
        using var silent = await RawConnection.OpenAsync(_server.Port);
        await silent.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hel", OffsetStream, "Upload-Offset: 0", "Content-Length: 5"));
        await Eventually.TrueAsync(() => _server.Store.BytesOf(id).Length == 3);

        _clock.Advance(Period * 5);
        var head = await _server.TusAsync("HEAD", $"/files/{id}");
        var displaced = await silent.ReadAnswerAsync();

        Assert.Equal((200, "3", "Thu, 05 Jun 2025 20:03:01 GMT"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Expires")));
        Assert.Equal((400, "Thu, 05 Jun 2025 20:03:01 GMT"), (displaced!.Status, displaced.Header("Upload-Expires")));
    }

    [Fact]
    [Rule("EX3", "CK3")]
    public async Task EX3_CK3_a_body_that_is_staged_beyond_the_time_keeps_the_upload_though_none_of_it_counts()
    {
        var id = await _server.CreateAsync(5);
        using var slow = await RawConnection.OpenAsync(_server.Port);
        await slow.SendAsync(TusServer.Compose(
            "PATCH", $"/files/{id}", "hel", OffsetStream, "Upload-Offset: 0", "Content-Length: 5", "Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="));
        await Eventually.TrueAsync(() => _server.Locker.Count == 1);

        _clock.Advance(Period * 2);
        var head = await _server.TusAsync("HEAD", $"/files/{id}");

        Assert.Equal((200, "0", "Thu, 05 Jun 2025 17:03:01 GMT"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Expires")));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_the_last_byte_may_come_after_the_time_on_a_request_that_came_before()
    {
        var id = await _server.CreateAsync(5);
        using var slow = await RawConnection.OpenAsync(_server.Port);
        await slow.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hel", OffsetStream, "Upload-Offset: 0", "Content-Length: 5"));
        await Eventually.TrueAsync(() => _server.Store.BytesOf(id).Length == 3);

        _clock.Advance(Period * 2);
        await slow.SendAsync("lo");
        var finished = await slow.ReadAnswerAsync();

        Assert.Equal((204, "5", null), (finished!.Status, finished.Header("Upload-Offset"), finished.Header("Upload-Expires")));
        Assert.Equal(1, _server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_a_clock_that_is_set_back_does_not_take_back_what_was_told()
    {
        var id = await _server.CreateAsync(5);
        await _server.PatchAsync(id, 0, "h");
        _clock.PutBack(TimeSpan.FromMinutes(30));

        var patched = await _server.PatchAsync(id, 1, "e");
        var head = await _server.TusAsync("HEAD", $"/files/{id}");

        Assert.Equal("Thu, 05 Jun 2025 15:03:01 GMT", patched.Header("Upload-Expires"));
        Assert.Equal("Thu, 05 Jun 2025 15:03:01 GMT", head.Header("Upload-Expires"));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_what_is_told_is_when_it_happens_to_the_second()
    {
        _clock.Advance(TimeSpan.FromTicks(1));
        var id = await _server.CreateAsync(5);
        var told = (await _server.TusAsync("HEAD", $"/files/{id}")).Header("Upload-Expires");
        var end = DateTimeOffset.Parse(told!, CultureInfo.InvariantCulture);

        _clock.Advance(end - _clock.GetUtcNow() - TimeSpan.FromTicks(1));
        Assert.Equal("0", await _server.OffsetAsync(id));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Null(await _server.OffsetAsync(id));
    }

    [Fact]
    [Rule("EX3", "CC7")]
    public async Task EX3_CC7_a_final_upload_is_not_made_of_an_expired_part_and_finished_parts_do_not_expire()
    {
        var finished = await _server.CreateAsync(2, "Upload-Concat: partial");
        await _server.PatchAsync(finished, 0, "ab");
        var unfinished = await _server.CreateAsync(2, "Upload-Concat: partial");
        _clock.Advance(Period * 2);

        var lost = await _server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{finished} /files/{unfinished}");
        var made = await _server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{finished}");

        Assert.Equal((410, Expired), (lost.Status, lost.Body));
        Assert.Equal((201, null), (made.Status, made.Header("Upload-Expires")));
    }

    [Fact]
    [Rule("CU3")]
    public async Task CU3_a_creation_whose_body_was_cut_can_be_resumed_until_it_expires()
    {
        using var cut = await RawConnection.OpenAsync(_server.Port);
        await cut.SendAsync(TusServer.Compose("POST", "/files", "hel", "Upload-Length: 5", OffsetStream, "Content-Length: 5"));
        await Eventually.TrueAsync(() => _server.Lifecycle.Steps.Any(step => step.StartsWith("created", StringComparison.Ordinal)));
        var id = _server.Lifecycle.Steps.First(step => step.StartsWith("created", StringComparison.Ordinal)).Split(' ')[1];
        await Eventually.TrueAsync(() => _server.Store.BytesOf(id).Length == 3);
        cut.Reset();

        await Eventually.TrueAsync(() => _server.Locker.Count == 0);
        var resumed = await _server.TusAsync("HEAD", $"/files/{id}");
        _clock.Advance(Period);
        var expired = await _server.TusAsync("HEAD", $"/files/{id}");

        Assert.Equal("3", resumed.Header("Upload-Offset"));
        Assert.Equal(410, expired.Status);
    }

    [Theory]
    [InlineData(7, "min-size=0,max-size=5", "min-size=0,max-size=5")]
    [InlineData(8, "min-size=0,max-size=5,max-age=3600", "min-size=0,max-size=5,max-age=1800")]
    [Rule("EX4", "DR3")]
    public async Task EX4_DR3_the_draft_is_told_the_seconds_left_from_version_8_on(int version, string atCreation, string later)
    {
        using var connection = await RawConnection.OpenAsync(_server.Port);
        await connection.SendAsync(Draft(version, "POST", "/files", "hel", "Upload-Complete: ?0", "Upload-Length: 5"));
        var interim = await connection.ReadAnswerAsync();
        var created = await connection.ReadAnswerAsync();
        var path = new Uri(created!.Header("Location")!).AbsolutePath;
        _clock.Advance(TimeSpan.FromMinutes(30));
        await connection.SendAsync(Draft(version, "HEAD", path, ""));
        var head = await connection.ReadAnswerAsync(toHead: true);

        Assert.Equal((atCreation, atCreation, later), (interim!.Header("Upload-Limit"), created.Header("Upload-Limit"), head!.Header("Upload-Limit")));
    }

    [Fact]
    [Rule("EX4")]
    public async Task EX4_the_newest_text_is_told_on_appends_too_until_the_upload_is_complete()
    {
        const string newest = "Host: up.example\r\nUpload-Complete: ?0\r\nContent-Length: 1\r\n";
        var created = await _server.RequestAsync($"POST /files HTTP/1.1\r\n{newest}Upload-Length: 3\r\n\r\na");
        var path = new Uri(created.Header("Location")!).AbsolutePath;

        var appended = await _server.RequestAsync($"PATCH {path} HTTP/1.1\r\n{newest}Content-Type: application/partial-upload\r\nUpload-Offset: 1\r\n\r\nb");
        var finished = await _server.RequestAsync($"PATCH {path} HTTP/1.1\r\n{newest}Content-Type: application/partial-upload\r\nUpload-Offset: 2\r\n\r\nc");

        Assert.Equal("min-size=0,max-size=3,max-age=3600", appended.Header("Upload-Limit"));
        Assert.Equal(("?1", "min-size=0,max-size=3"), (finished.Header("Upload-Complete"), finished.Header("Upload-Limit")));
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [Rule("EX2")]
    public async Task EX2_the_draft_is_told_410_without_an_offset(string method)
    {
        var id = await _server.CreateAsync(5);
        _clock.Advance(Period);

        using var connection = await RawConnection.OpenAsync(_server.Port);
        await connection.SendAsync(Draft(8, method, $"/files/{id}", "", "Content-Type: application/partial-upload", "Upload-Offset: 0"));
        var answer = await connection.ReadAnswerAsync(toHead: method == "HEAD");

        Assert.Equal((410, null), (answer!.Status, answer.Header("Upload-Offset")));
        Assert.Equal(method == "HEAD" ? "" : Expired, answer.Body);
        Assert.NotEqual("?1", answer.Header("Upload-Complete"));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(TimeSpan.TicksPerDay * 3_650_000)]
    [Rule("EX1", "DR1")]
    public async Task EX1_DR1_a_period_beyond_the_calendar_ends_with_it_and_its_seconds_have_no_more_than_15_digits(long ticks)
    {
        await using var server = new TusServer(options => options.Expiration = TimeSpan.FromTicks(ticks));
        await server.InitializeAsync();
        var id = await server.CreateAsync(5);

        var head = await server.TusAsync("HEAD", $"/files/{id}");
        using var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(Draft(8, "HEAD", $"/files/{id}", ""));
        var draft = await connection.ReadAnswerAsync(toHead: true);

        Assert.Equal("Fri, 31 Dec 9999 23:59:59 GMT", head.Header("Upload-Expires"));
        Assert.Matches("^min-size=0,max-size=5,max-age=[0-9]{1,15}$", draft!.Header("Upload-Limit"));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_a_creation_whose_time_cannot_be_set_leaves_nothing_behind()
    {
        _server.Store.FailNext["TouchAsync"] = new IOException("disk away");

        var answer = await _server.TusAsync("POST", "/files", "", "Upload-Length: 5");

        Assert.Equal(500, answer.Status);
        Assert.Equal(0, _server.Store.Count);
    }

    private static string Draft(int version, string method, string path, string body, params string[] headers) =>
        $"{method} {path} HTTP/1.1\r\nHost: up.example\r\nUpload-Draft-Interop-Version: {version}\r\n"
        + string.Concat(headers.Select(header => header + "\r\n"))
        + $"Content-Length: {body.Length}\r\n\r\n{body}";
}
