using System.Text;
using Dex.Testing;
using Dex.Tus.Stores;

namespace Dex.Tus.Tests.Protocol;

/// <summary>Final uploads that exist before their parts are complete; spec: tus.md 11 (CC9) and what it touches.</summary>
public sealed class ConcatenationUnfinishedTests : IAsyncLifetime
{
    private const string Expired = "ERR_UPLOAD_EXPIRED: upload has expired\n";

    private readonly TusServer _server = new(options => options.MaxSize = 100_000);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    [Rule("CC9")]
    public async Task CC9_it_is_created_at_once_and_becomes_complete_by_itself_and_once()
    {
        var a = await PartAsync(null);
        var b = await PartAsync(5);
        var final = await FinalAsync(a, b, a);

        var early = await HeadAsync(final);
        await _server.PatchAsync(a, 0, "he", "Upload-Length: 3");
        var known = await HeadAsync(final);
        await _server.PatchAsync(a, 2, "y");
        var half = await HeadAsync(final);
        await _server.PatchAsync(b, 0, "world");
        var done = await CompletedAsync(final);

        Assert.Equal((200, null, null, "1"), (early.Status, early.Header("Upload-Offset"), early.Header("Upload-Length"), early.Header("Upload-Defer-Length")));
        Assert.Equal($"final;http://up.example/files/{a} http://up.example/files/{b} http://up.example/files/{a}", early.Header("Upload-Concat"));
        Assert.Equal("k aGk=", early.Header("Upload-Metadata"));
        Assert.Equal((200, null, "11", null), (known.Status, known.Header("Upload-Offset"), known.Header("Upload-Length"), known.Header("Upload-Defer-Length")));
        Assert.Null(half.Header("Upload-Offset"));
        Assert.Equal(("11", "11"), (done.Header("Upload-Offset"), done.Header("Upload-Length")));
        Assert.Equal("heyworldhey"u8.ToArray(), _server.Store.BytesOf(final));
        Assert.Equal(1, _server.Lifecycle.CountOf("created", final));
        Assert.Equal(1, _server.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_the_length_is_told_at_once_when_all_parts_have_theirs()
    {
        var final = await FinalAsync(await PartAsync(3), await PartAsync(4), await PartAsync(0));

        var head = await HeadAsync(final);

        Assert.Equal((null, "7", null), (head.Header("Upload-Offset"), head.Header("Upload-Length"), head.Header("Upload-Defer-Length")));
    }

    public static TheoryData<string, string> LastRequests => new()
    {
        { "in chunks, too long", "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhelloMORE\r\n0\r\n\r\n" },
        { "with a checksum", "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Length: 5\r\nUpload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\nContent-Length: 5\r\n\r\nhello" },
        { "by a length", "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Length: 0\r\nContent-Length: 0\r\n\r\n" },
        { "in the draft", "Upload-Draft-Interop-Version: 6\r\nContent-Type: application/partial-upload\r\nUpload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello" },
        { "in the draft, in chunks", "Upload-Draft-Interop-Version: 5\r\nUpload-Complete: ?1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" },
    };

    [Theory, MemberData(nameof(LastRequests))]
    [Rule("CC9")]
    public async Task CC9_whatever_completes_the_last_part_completes_it(string how, string request)
    {
        var part = await PartAsync(null);
        var final = await FinalAsync(part);

        await _server.RequestAsync($"PATCH /files/{part} HTTP/1.1\r\nHost: up.example\r\nUpload-Offset: 0\r\n{request}");
        await CompletedAsync(final);

        Assert.Equal(how == "by a length" ? "" : "hello", Encoding.ASCII.GetString(_server.Store.BytesOf(final)));
        Assert.Equal(1, _server.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_two_last_parts_at_the_same_moment_make_it_complete_once()
    {
        for (var round = 0; round < 25; round++)
        {
            string[] parts = [await PartAsync(1), await PartAsync(1)];
            var final = await FinalAsync(parts);

            await Task.WhenAll(_server.PatchAsync(parts[0], 0, "a"), _server.PatchAsync(parts[1], 0, "b"));
            await CompletedAsync(final);

            Assert.Equal("ab"u8.ToArray(), _server.Store.BytesOf(final));
            Assert.Equal(1, _server.Lifecycle.CountOf("finishing", final));
        }
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_parts_that_are_completed_while_it_is_created_are_not_missed()
    {
        for (var round = 0; round < 25; round++)
        {
            var part = await PartAsync(1);

            var creating = FinalAsync(part);
            await _server.PatchAsync(part, 0, "a");

            await CompletedAsync(await creating);
        }
    }

    [Fact]
    [Rule("CC3")]
    public async Task CC3_a_part_belongs_to_several_finals()
    {
        string[] shared = [await PartAsync(1), await PartAsync(1)];
        var one = await FinalAsync(shared[0]);
        var both = await FinalAsync(shared);
        var twice = await FinalAsync(shared[1], shared[1]);

        await _server.PatchAsync(shared[0], 0, "a");
        await CompletedAsync(one);
        var waiting = await HeadAsync(both);
        await _server.PatchAsync(shared[1], 0, "b");
        await CompletedAsync(both);
        await CompletedAsync(twice);

        Assert.Null(waiting.Header("Upload-Offset"));
        Assert.Equal(("a", "ab", "bb"), (TextOf(one), TextOf(both), TextOf(twice)));
    }

    [Fact]
    [Rule("CC3")]
    public async Task CC3_a_thousand_unfinished_parts_are_waited_for()
    {
        var parts = new string[1000];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = await PartAsync(1);
        var final = await FinalAsync(parts);

        foreach (var part in parts)
            await _server.PatchAsync(part, 0, "x");
        await CompletedAsync(final);

        Assert.Equal(new string('x', 1000), TextOf(final));
    }

    [Fact]
    [Rule("CC5")]
    public async Task CC5_it_takes_no_bytes_while_it_waits()
    {
        var part = await PartAsync(5);
        var final = await FinalAsync(part);

        var patch = await _server.PatchAsync(final, 0, "hello");
        var draft = await _server.RequestAsync($"PATCH /files/{final} HTTP/1.1\r\nHost: up.example\r\nUpload-Draft-Interop-Version: 5\r\nUpload-Offset: 0\r\nContent-Length: 1\r\n\r\nx");

        Assert.Equal((403, "ERR_MODIFY_FINAL: modifying a final upload is not allowed\n"), (patch.Status, patch.Body));
        Assert.Equal(403, draft.Status);
        Assert.Empty(_server.Store.BytesOf(final));
    }

    [Fact]
    [Rule("TE3")]
    public async Task TE3_without_a_part_it_can_never_be_complete()
    {
        string[] parts = [await PartAsync(1), await PartAsync(1)];
        var final = await FinalAsync(parts);
        await _server.PatchAsync(parts[0], 0, "a");

        await _server.TusAsync("DELETE", $"/files/{parts[0]}");
        await _server.PatchAsync(parts[1], 0, "b");
        var head = await HeadAsync(final);
        var patch = await _server.PatchAsync(final, 0, "x");
        var draft = await _server.RequestAsync($"HEAD /files/{final} HTTP/1.1\r\nHost: up.example\r\nUpload-Draft-Interop-Version: 6\r\n\r\n");

        Assert.Equal((410, null, "no-store"), (head.Status, head.Header("Upload-Offset"), head.Header("Cache-Control")));
        Assert.Equal((410, Expired), (patch.Status, patch.Body));
        Assert.Equal((410, null), (draft.Status, draft.Header("Upload-Offset")));
        Assert.Equal("1", await _server.OffsetAsync(parts[1]));
        Assert.Equal(0, _server.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("TE1")]
    public async Task TE1_a_waiting_and_a_lost_one_can_be_terminated()
    {
        var part = await PartAsync(1);
        string[] finals = [await FinalAsync(part), await FinalAsync(part)];

        var waiting = await _server.TusAsync("DELETE", $"/files/{finals[0]}");
        await _server.TusAsync("DELETE", $"/files/{part}");
        var lost = await _server.TusAsync("DELETE", $"/files/{finals[1]}");

        Assert.Equal((204, 204), (waiting.Status, lost.Status));
        Assert.Equal((404, 404), ((await HeadAsync(finals[0])).Status, (await HeadAsync(finals[1])).Status));
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_a_long_join_holds_up_neither_the_last_part_nor_HEAD()
    {
        var copying = new TaskCompletionSource();
        _server.Store.MayCopy = copying.Task;
        var part = await PartAsync(1);
        var final = await FinalAsync(part);

        var last = await _server.PatchAsync(part, 0, "a").WaitAsync(TimeSpan.FromSeconds(10), Stop);
        var head = await HeadAsync(final).WaitAsync(TimeSpan.FromSeconds(10), Stop);
        copying.SetResult();
        await CompletedAsync(final);

        Assert.Equal(204, last.Status);
        Assert.Equal((200, null, "1"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Length")));
    }

    [Fact]
    [Rule("TE3")]
    public async Task TE3_a_part_that_is_terminated_while_it_is_copied_counts_as_lost()
    {
        var copying = new TaskCompletionSource();
        _server.Store.MayCopy = copying.Task;
        var part = await PartAsync(1);
        var other = await PartAsync(1);
        await _server.PatchAsync(part, 0, "a");
        var final = await FinalAsync(part, other);
        _server.Finals.AllFound();
        await _server.PatchAsync(other, 0, "b");

        await _server.TusAsync("DELETE", $"/files/{part}");
        var told = await HeadAsync(final);
        copying.SetResult();
        await Eventually.TrueAsync(() => !_server.Finals.IsAwaited(other));

        Assert.Equal(410, told.Status);
        Assert.Equal(410, (await HeadAsync(final)).Status);
        Assert.Equal(0, _server.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("TE2")]
    public async Task TE2_a_join_does_not_bring_a_terminated_upload_back()
    {
        _server.Store.MayCopy = new TaskCompletionSource().Task;
        _server.Finals.AllFound();
        var part = await PartAsync(1);
        var final = await FinalAsync(part);
        await _server.PatchAsync(part, 0, "a");

        var deleted = await _server.TusAsync("DELETE", $"/files/{final}");

        Assert.Equal(204, deleted.Status);
        Assert.Equal(404, (await HeadAsync(final)).Status);
        Assert.False(_server.Finals.IsAwaited(part));
        Assert.Equal(0, _server.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("CC7")]
    public async Task CC7_parts_too_large_together_are_refused_and_nothing_is_created()
    {
        var part = await PartAsync(60_000);
        var before = _server.Store.Count;

        var answer = await _server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{part} /files/{part}");

        Assert.Equal((413, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded\n"), (answer.Status, answer.Body));
        Assert.Equal(before, _server.Store.Count);
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_parts_that_turn_out_too_large_together_lose_the_final_and_stay_themselves()
    {
        var part = await PartAsync(null);
        var final = await FinalAsync(part, part);
        var before = await HeadAsync(final);

        var declared = await _server.PatchAsync(part, 0, "x", "Upload-Length: 60000");

        Assert.Equal((200, 204), (before.Status, declared.Status));
        Assert.Equal(410, (await HeadAsync(final)).Status);
        Assert.Equal(204, (await _server.PatchAsync(part, 1, new string('x', 59_999))).Status);
        Assert.Equal(410, (await HeadAsync(final)).Status);
    }

    [Fact]
    [Rule("X4")]
    public async Task X4_a_sum_beyond_64_bits_is_refused_and_found_out_later()
    {
        await using var server = new TusServer();
        await server.InitializeAsync();
        var huge = await server.CreateAsync(long.MaxValue, "Upload-Concat: partial");
        var deferred = await server.CreateAsync(null, "Upload-Concat: partial");
        var final = (await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{huge} /files/{deferred}")).Header("Location")!.Split('/')[^1];

        var refused = await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{huge} /files/{huge}");
        await server.PatchAsync(deferred, 0, "", "Upload-Length: 1");

        Assert.Equal(413, refused.Status);
        Assert.Equal(410, (await server.TusAsync("HEAD", $"/files/{final}")).Status);
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_a_join_that_failed_is_tried_again()
    {
        _server.Store.FailNext["CopyPartsAsync"] = new StoreFullException();
        var part = await PartAsync(1);
        var final = await FinalAsync(part);

        var last = await _server.PatchAsync(part, 0, "a");
        var meanwhile = await HeadAsync(final);
        await CompletedAsync(final);

        Assert.Equal(204, last.Status);
        Assert.Equal((200, null), (meanwhile.Status, meanwhile.Header("Upload-Offset")));
        Assert.Equal(1, _server.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("ST4")]
    public async Task ST4_a_join_that_could_not_be_recorded_is_left_to_the_host()
    {
        var part = await PartAsync(1);
        var final = await FinalAsync(part);
        _server.Lifecycle.FailFinishing = new IOException("the ledger is away");
        _server.Lifecycle.FailFinishingOf = UploadKind.Final;

        await _server.PatchAsync(part, 0, "a");
        await CompletedAsync(final);

        await Eventually.TrueAsync(() => _server.Lifecycle.CountOf("unsettled", final) == 1);
    }

    [Fact]
    [Rule("SH3")]
    public async Task SH3_a_server_that_starts_later_waits_on()
    {
        string[] parts = [await PartAsync(1), await PartAsync(1)];
        var final = await FinalAsync(parts);
        await _server.PatchAsync(parts[0], 0, "a");
        await _server.StopAsync();
        await using var later = new TusServer(_ => { }, _ => _server.Store);
        await later.InitializeAsync();

        await later.Finals.WatchAsync((await _server.Store.FindAsync(final, Stop))!);
        await later.PatchAsync(parts[1], 0, "b");
        await Eventually.TrueAsync(async () => await later.OffsetAsync(final) == "2");

        Assert.Equal("ab", TextOf(final));
        Assert.Equal(1, later.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("SH4")]
    public async Task SH4_a_server_that_starts_later_joins_what_was_complete_before()
    {
        _server.Store.MayCopy = new TaskCompletionSource().Task;
        var part = await PartAsync(1);
        var final = await FinalAsync(part);
        await _server.PatchAsync(part, 0, "a");
        await _server.StopAsync();
        _server.Store.MayCopy = Task.CompletedTask;
        await using var later = new TusServer(_ => { }, _ => _server.Store);
        await later.InitializeAsync();

        await later.Finals.WatchAsync((await _server.Store.FindAsync(final, Stop))!);
        await Eventually.TrueAsync(async () => await later.OffsetAsync(final) == "1");

        Assert.Equal(1, later.Lifecycle.CountOf("finishing", final));
    }

    [Fact]
    [Rule("SH4")]
    public async Task SH4_a_part_that_cannot_be_read_at_the_start_is_not_waited_for_in_vain()
    {
        var part = await PartAsync(1);
        await _server.PatchAsync(part, 0, "a");
        var final = await _server.Store.CreateAsync(
            new NewUpload { Id = Guid.NewGuid().ToString(), Length = 1, Metadata = UploadMetadata.Empty, Kind = UploadKind.Final, Parts = [part] }, Stop);
        _server.Store.FailNext["FindAsync"] = new UnauthorizedAccessException();

        await _server.Finals.WatchAsync(final);

        await CompletedAsync(final.Id);
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_a_part_is_awaited_until_no_final_needs_it_and_while_that_is_not_known()
    {
        string[] parts = [await PartAsync(1), await PartAsync(1), await PartAsync(1)];
        var final = await FinalAsync(parts[0], parts[1]);
        await _server.PatchAsync(parts[0], 0, "a");
        Assert.True(_server.Finals.IsAwaited(parts[2]));

        _server.Finals.AllFound();

        Assert.Equal([true, true, false], parts.Select(_server.Finals.IsAwaited));
        await _server.PatchAsync(parts[1], 0, "b");
        await CompletedAsync(final);
        await Eventually.TrueAsync(() => !parts.Any(_server.Finals.IsAwaited));
    }

    [Fact]
    [Rule("DR15")]
    public async Task DR15_the_draft_tells_no_offset_while_it_waits()
    {
        var final = await FinalAsync(await PartAsync(3));

        var head = await _server.RequestAsync($"HEAD /files/{final} HTTP/1.1\r\nHost: up.example\r\nUpload-Draft-Interop-Version: 6\r\n\r\n");

        Assert.Equal((204, null, "?0", "3"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Complete"), head.Header("Upload-Length")));
    }

    private Task<string> PartAsync(long? length) => _server.CreateAsync(length, "Upload-Concat: partial");

    private async Task<string> FinalAsync(params string[] parts)
    {
        var answer = await _server.TusAsync("POST", "/files", "", "Upload-Concat: final;" + string.Join(' ', parts.Select(part => $"/files/{part}")), "Upload-Metadata: k aGk=");
        Assert.Equal((201, ""), (answer.Status, answer.Body));
        return answer.Header("Location")!.Split('/')[^1];
    }

    private Task<RawAnswer> HeadAsync(string uploadId) => _server.TusAsync("HEAD", $"/files/{uploadId}");

    private async Task<RawAnswer> CompletedAsync(string final)
    {
        await Eventually.TrueAsync(async () => await _server.OffsetAsync(final) is not null, TimeSpan.FromSeconds(10));
        return await HeadAsync(final);
    }

    private string TextOf(string uploadId) => Encoding.ASCII.GetString(_server.Store.BytesOf(uploadId));
}
