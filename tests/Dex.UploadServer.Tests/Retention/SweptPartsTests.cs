using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Retention;

namespace Dex.UploadServer.Tests.Retention;

/// <summary>Parts and final uploads under a sweep (spec: tus.md EX3, CC9).</summary>
public sealed class SweptPartsTests : IDisposable
{
    private static readonly TimeSpan s_old = TimeSpan.FromDays(30);

    private readonly SweepRig _rig = new(new RetentionOptions { PartRetention = TimeSpan.FromDays(7) });

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _rig.Dispose();

    [Fact]
    [Rule("EX3")]
    public async Task EX3_finished_parts_stay_for_ever_unless_somebody_said_for_how_long()
    {
        using var rig = new SweepRig();
        var part = await rig.UploadAsync(s_old, bytes: 5, kind: UploadKind.Partial);

        await rig.SweepAsync();

        Assert.True(rig.IsStored(part));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_old_parts_go_and_young_ones_stay()
    {
        var old = await _rig.UploadAsync(s_old, bytes: 5, kind: UploadKind.Partial);
        var young = await _rig.UploadAsync(TimeSpan.FromDays(6), bytes: 5, kind: UploadKind.Partial);

        var report = await _rig.SweepAsync();

        Assert.Equal((true, true), (_rig.IsGone(old), _rig.IsStored(young)));
        Assert.Equal((1L, 5L), (report.CountOf(SweepCategory.Part), report.BytesOf(SweepCategory.Part)));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_a_part_that_a_final_upload_still_waits_for_stays_however_old()
    {
        var finished = await _rig.UploadAsync(s_old, bytes: 5, kind: UploadKind.Partial);
        var unfinished = await _rig.UploadAsync(TimeSpan.Zero, kind: UploadKind.Partial);
        var final = await _rig.UploadAsync(s_old, length: null, bytes: 0, kind: UploadKind.Final, parts: [finished, unfinished, finished]);

        var report = await _rig.SweepAsync();

        Assert.All([finished, unfinished, final], id => Assert.True(_rig.IsStored(id)));
        Assert.Equal(0, report.Count);
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_a_final_upload_that_lost_a_part_goes_after_its_time_and_holds_the_others_no_longer()
    {
        var finished = await _rig.UploadAsync(s_old, bytes: 5, kind: UploadKind.Partial);
        var expired = await _rig.UploadAsync(s_old, kind: UploadKind.Partial);
        var final = await _rig.UploadAsync(s_old, length: 10, bytes: 0, kind: UploadKind.Final, parts: [finished, expired]);

        await _rig.SweepAsync();

        Assert.All([finished, expired, final], id => Assert.True(_rig.IsGone(id)));
        Assert.NotNull((await _rig.RecordAsync(final)).ExpiredAt);
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_a_final_upload_that_has_just_lost_a_part_stays_for_those_who_ask()
    {
        var final = await _rig.UploadAsync(TimeSpan.Zero, length: 10, bytes: 0, kind: UploadKind.Final, parts: [Guid.NewGuid().ToString()]);

        await _rig.SweepAsync();

        Assert.True(_rig.IsStored(final));
    }

    [Fact]
    public async Task A_finished_final_upload_outlives_its_parts()
    {
        var part = await _rig.UploadAsync(s_old, bytes: 5, kind: UploadKind.Partial);
        var creation = new NewUpload { Id = Guid.NewGuid().ToString(), Length = 5, Metadata = UploadMetadata.Empty, Kind = UploadKind.Final, Parts = [part] };
        var final = await _rig.Store.ConcatenateAsync(creation, [(await _rig.Store.FindAsync(part, Stop))!], Stop);
        await _rig.Store.FinishAsync(final, Stop);
        _rig.Age(final.Id, s_old);

        await _rig.SweepAsync();

        Assert.Equal((true, true), (_rig.IsGone(part), _rig.IsStored(final.Id)));
    }
}
