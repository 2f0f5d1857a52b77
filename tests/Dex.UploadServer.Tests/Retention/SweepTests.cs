using Dex.Testing;
using Dex.UploadServer.Retention;
using Dex.UploadServer.Tests.Ledger;

namespace Dex.UploadServer.Tests.Retention;

/// <summary>What a sweep removes, what it never does, and what is true when it fails in between (spec: tus.md EX3, storage-layout.md 9.8).</summary>
public sealed class SweepTests : IDisposable
{
    private static readonly TimeSpan s_old = SweepRig.Period;
    private static readonly TimeSpan s_young = SweepRig.Period - TimeSpan.FromSeconds(1);

    private readonly SweepRig _rig = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _rig.Dispose();

    [Fact]
    [Rule("EX3")]
    public async Task EX3_what_has_expired_goes_with_all_its_files_and_everything_else_stays()
    {
        var expired = await _rig.UploadAsync(s_old);
        var deferred = await _rig.UploadAsync(s_old, length: null);
        var empty = await _rig.UploadAsync(s_old, bytes: 0);
        var young = await _rig.UploadAsync(s_young);
        var finished = await _rig.UploadAsync(TimeSpan.FromDays(1000), bytes: 5);

        var report = await _rig.SweepAsync();

        Assert.All([expired, deferred, empty], id => Assert.True(_rig.IsGone(id)));
        Assert.All([young, finished], id => Assert.True(_rig.IsStored(id)));
        Assert.Equal((3L, 6L, 0L), (report.CountOf(SweepCategory.Expired), report.BytesOf(SweepCategory.Expired), report.Failed));
        Assert.Equal((3L, 6L), (report.Count, report.Bytes));
        Assert.NotNull((await _rig.RecordAsync(expired)).ExpiredAt);
        Assert.Equal([young], await _rig.Ledger.ListUnfinishedAsync(Stop));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_all_bytes_stored_is_finished_even_if_nobody_has_recorded_it_yet()
    {
        var id = await _rig.UploadAsync(s_old, bytes: 4);
        using var body = await Bodies.OfAsync(1, "x"u8.ToArray());
        await _rig.Store.AppendAsync((await _rig.Store.FindAsync(id, Stop))!, body, Stop);
        _rig.Age(id, TimeSpan.FromDays(10));

        await _rig.SweepAsync();

        Assert.True(_rig.IsStored(id));
    }

    [Fact]
    public async Task A_dry_run_counts_the_same_and_changes_nothing()
    {
        await _rig.UploadAsync(s_old);
        var orphan = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(_rig.Folder.PathOf(orphan), "orphan", Stop);
        _rig.Age(orphan, TimeSpan.FromDays(2));
        var before = _rig.Folder.Names();

        var dry = await _rig.SweepAsync(dryRun: true);
        var after = _rig.Folder.Names();
        var real = await _rig.SweepAsync();

        Assert.Equal(before, after);
        Assert.Equal((1L, 3L, 1L, 6L), (dry.CountOf(SweepCategory.Expired), dry.BytesOf(SweepCategory.Expired), dry.CountOf(SweepCategory.Data), dry.BytesOf(SweepCategory.Data)));
        Assert.Equal((dry.Count, dry.Bytes), (real.Count, real.Bytes));
        Assert.Empty(_rig.Folder.Names());
    }

    [Fact]
    public async Task Leftovers_younger_than_their_age_stay()
    {
        var (young, old) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        foreach (var (id, hours) in new[] { (young, 23), (old, 25) })
        {
            await File.WriteAllTextAsync(_rig.Folder.PathOf(id), "orphan", Stop);
            _rig.Age(id, TimeSpan.FromHours(hours));
        }

        await _rig.SweepAsync();

        Assert.Equal([young], _rig.Folder.Names());
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_what_a_request_holds_stays_and_the_request_is_not_asked_to_let_go()
    {
        var id = await _rig.UploadAsync(s_old);
        var orphan = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(_rig.Folder.PathOf(orphan), "orphan", Stop);
        _rig.Age(orphan, TimeSpan.FromDays(2));
        await using var request = await _rig.Locker.AcquireAsync(id, Stop);
        await using var other = await _rig.Locker.AcquireAsync(orphan, Stop);

        var report = await _rig.SweepAsync();

        Assert.True(_rig.IsStored(id));
        Assert.False(_rig.IsGone(orphan));
        Assert.Equal((0L, 2L), (report.Count, report.Kept));
        Assert.False(request!.ReleaseRequested.IsCancellationRequested);
        Assert.Null((await _rig.RecordAsync(id)).ExpiredAt);
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_a_PATCH_between_listing_and_removal_saves_the_upload()
    {
        var ids = new List<string> { await _rig.UploadAsync(s_old), await _rig.UploadAsync(s_old) };
        await using var findings = _rig.Survey.FindAsync(Stop).GetAsyncEnumerator(Stop);
        await findings.MoveNextAsync();
        var found = findings.Current.UploadId!;
        await _rig.Store.TouchAsync((await _rig.Store.FindAsync(found, Stop))!, _rig.Clock.GetUtcNow(), Stop);

        var report = await _rig.SweepAsync();

        Assert.True(_rig.IsStored(found));
        Assert.True(_rig.IsGone(ids.Single(id => id != found)));
        Assert.Equal(1, report.Count);
    }

    [Fact]
    public async Task Requests_that_go_on_while_sweeps_run_lose_nothing()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => _rig.UploadAsync(s_old, length: 1000)));

        var sweeping = Task.Run(() => _rig.SweepAsync(), Stop);
        var kept = await Task.WhenAll(ids.Select(id => Task.Run(() => AppendAsync(id), Stop)));
        await sweeping;

        foreach (var (id, length) in ids.Zip(kept))
            Assert.Equal(length, (await _rig.Store.FindAsync(id, Stop))?.Offset);
    }

    [Fact]
    public async Task A_ledger_that_is_away_keeps_the_files_until_it_is_back()
    {
        var id = await _rig.UploadAsync(s_old);
        _rig.FlakyLedger.IsDown = true;

        var failed = await _rig.SweepAsync();
        var stored = _rig.IsStored(id);
        _rig.FlakyLedger.IsDown = false;
        var done = await _rig.SweepAsync();

        Assert.Equal((0L, 1L, true), (failed.Count, failed.Failed, stored));
        Assert.Equal((1L, true), (done.Count, _rig.IsGone(id)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".progress")]
    [InlineData("", ".progress")]
    public async Task A_kill_in_the_middle_of_a_removal_is_made_good_by_the_next_sweeps(params string[] removed)
    {
        var id = await _rig.UploadAsync(TimeSpan.FromDays(3));
        foreach (var suffix in (string[])[".info", ".progress"])
            _rig.Age(id, TimeSpan.FromDays(3), suffix);
        await _rig.Ledger.ExpireUploadAsync(id, _rig.Clock.GetUtcNow(), Stop);
        foreach (var suffix in removed)
            File.Delete(_rig.Folder.PathOf(id, suffix));

        await _rig.SweepAsync();
        await _rig.SweepAsync();

        Assert.True(_rig.IsGone(id));
        Assert.NotNull((await _rig.RecordAsync(id)).ExpiredAt);
    }

    [Fact]
    public async Task A_removal_that_was_killed_before_the_ledger_heard_of_it_does_not_stay_in_progress_for_ever()
    {
        var id = await _rig.UploadAsync(s_young);
        await _rig.Store.DeleteAsync((await _rig.Store.FindAsync(id, Stop))!, Stop);
        var alive = await _rig.UploadAsync(s_young);

        await _rig.SweepAsync(dryRun: true);
        Assert.Equal(2, (await _rig.Ledger.ListUnfinishedAsync(Stop)).Count);
        await _rig.SweepAsync();

        Assert.Equal([alive], await _rig.Ledger.ListUnfinishedAsync(Stop));
    }

    [Fact]
    public async Task An_upload_that_is_finished_although_the_ledger_has_it_as_expired_is_completed()
    {
        var id = await _rig.UploadAsync(s_old);
        await _rig.Ledger.ExpireUploadAsync(id, _rig.Clock.GetUtcNow(), Stop);

        var completed = await _rig.Ledger.CompleteUploadAsync(LedgerSamples.Completion(id), Stop);

        Assert.NotNull(completed);
        Assert.Null((await _rig.RecordAsync(id)).ExpiredAt);
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_a_clock_set_back_and_a_time_in_the_future_remove_nothing()
    {
        var expired = await _rig.UploadAsync(s_old);
        var future = await _rig.UploadAsync(TimeSpan.FromDays(-10_000));
        _rig.Clock.PutBack(TimeSpan.FromHours(2));

        await _rig.SweepAsync();

        Assert.All([expired, future], id => Assert.True(_rig.IsStored(id)));
    }

    [Fact]
    public async Task C4_what_cannot_be_read_is_counted_and_stays_and_stops_nothing()
    {
        var broken = await _rig.UploadAsync(s_old);
        await File.WriteAllTextAsync(_rig.Folder.PathOf(broken, ".info"), "{", Stop);
        var linked = await _rig.UploadAsync(s_old);
        File.Move(_rig.Folder.PathOf(linked), $"{_rig.Folder.Base}/elsewhere");
        File.CreateSymbolicLink(_rig.Folder.PathOf(linked), $"{_rig.Folder.Base}/elsewhere");
        var expired = await _rig.UploadAsync(s_old);

        var report = await _rig.SweepAsync();

        Assert.Equal((1L, 2L), (report.Count, report.CountOf(SweepCategory.Unreadable)));
        Assert.True(_rig.IsGone(expired));
        Assert.True(File.Exists(_rig.Folder.PathOf(broken)));
        Assert.Equal(3, new FileInfo($"{_rig.Folder.Base}/elsewhere").Length);
    }

    [Fact]
    public async Task Thousands_of_uploads_are_swept_as_they_are_listed()
    {
        const int many = 3000;
        var before = _rig.Clock.GetUtcNow() - s_old;
        for (var n = 0; n < many; n++)
        {
            var id = _rig.Folder.WritePredecessors("hel", "5");
            File.SetLastWriteTimeUtc(_rig.Folder.PathOf(id), before.UtcDateTime);
        }

        await using (var findings = _rig.Survey.FindAsync(Stop).GetAsyncEnumerator(Stop))
            Assert.True(await findings.MoveNextAsync());
        var report = await _rig.SweepAsync();

        Assert.Equal((many, 3L * many, 0L), (report.CountOf(SweepCategory.Expired), report.BytesOf(SweepCategory.Expired), report.Kept));
        Assert.Empty(_rig.Folder.Names());
    }

    // As a request does: under the lock, and not if the time is over. It finds the upload whole or not at all.
    private async Task<long?> AppendAsync(string id)
    {
        await using var held = await _rig.Locker.AcquireAsync(id, Stop);
        if (await _rig.Store.FindAsync(id, Stop) is not { } upload)
            return null;
        upload = await _rig.Store.TouchAsync(upload, _rig.Clock.GetUtcNow(), Stop);
        using var body = await Bodies.OfAsync(100, Bodies.Random(100));
        var appended = await _rig.Store.AppendAsync(upload, body, Stop);
        await _rig.Store.TouchAsync(appended, _rig.Clock.GetUtcNow(), Stop);
        return appended.Offset;
    }
}
