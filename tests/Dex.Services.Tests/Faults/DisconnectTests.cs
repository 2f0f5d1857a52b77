using System.Diagnostics;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>Clients that hang up in the middle of a body (spec: tus.md 15).</summary>
[Trait("Category", "Faults")]
public sealed class DisconnectTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const int Length = 1_000_000;
    private const int Sent = 300_000;
    private const int Clients = 20;

    private static readonly byte[] Bytes = Content.Random(Length);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    [Rule("BR1")]
    public async Task Everything_sent_before_an_orderly_end_counts()
    {
        var uploads = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => SendHalfAsync()));

        foreach (var (connection, _) in uploads)
            connection.Dispose();
        var offsets = await Task.WhenAll(uploads.Select(upload => ReadOffsetSoonAsync(upload.Id)));

        Assert.All(offsets, offset => Assert.Equal(Sent, offset));
        await FinishAsync(uploads.Select(upload => upload.Id), Sent);
    }

    [Fact(Timeout = 60_000)]
    [Rule("BR4")]
    public async Task A_sender_that_still_listens_is_told_that_bytes_are_missing()
    {
        var (connection, id) = await SendHalfAsync();
        using var _ = connection;

        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal((400, "ERR_UNEXPECTED_EOF: server expected to receive more bytes\n"), (answer?.Status, answer?.Body));
        Assert.Equal(Sent, await ReadOffsetSoonAsync(id));
    }

    [Fact(Timeout = 60_000)]
    [Rule("BR3")]
    public async Task A_reset_frees_the_upload_at_once()
    {
        var uploads = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => SendHalfAsync()));

        foreach (var (connection, _) in uploads)
            connection.Reset();
        var offsets = await Task.WhenAll(uploads.Select(upload => ReadOffsetSoonAsync(upload.Id)));

        Assert.All(offsets, offset => Assert.InRange(offset, 0, Sent));
        foreach (var (upload, offset) in uploads.Zip(offsets))
            await FinishAsync([upload.Id], offset);
    }

    private async Task<(RawConnection Connection, string Id)> SendHalfAsync()
    {
        var id = await fixture.Http.CreateUploadAsync(Length, "cut.bin", Stop);
        var connection = await RawConnection.OpenAsync(fixture.Server.Port);
        await connection.SendAsync(RawRequests.PatchHead(id, 0, Length));
        await connection.SendAsync(Bytes.AsMemory(0, Sent));
        return (connection, id);
    }

    /// <summary>A client on a new network asks within a tenth of a second; it is answered, not told to wait for a lock.</summary>
    private async Task<long> ReadOffsetSoonAsync(string id)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(100), Stop);
        var clock = Stopwatch.StartNew();
        var offset = await fixture.Http.ReadOffsetAsync(id, Stop);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        return offset;
    }

    private async Task FinishAsync(IEnumerable<string> ids, long offset)
    {
        foreach (var id in ids)
        {
            await fixture.Http.PatchAsync(id, offset, Bytes.AsMemory((int)offset), Stop);
            var info = await fixture.Server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
            await Content.AssertDeliveredOnceAsync(fixture.Folder, "edav", id, info, Bytes, Stop);
        }
    }
}
