using Dex.Testing;
using Dex.Tus.Locking;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 16 and 17.</summary>
public sealed class LockTests
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Fact]
    [Rule("LK4")]
    public async Task LK4_of_many_PATCHes_at_one_offset_one_is_acknowledged()
    {
        await using var server = await StartAsync(_ => { });
        var id = await server.CreateAsync(100);

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => server.PatchAsync(id, 0, new string((char)('a' + n), 10))));

        Assert.Single(answers, answer => answer.Status == 204);
        Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[204, 409, 400]));
        Assert.Equal("10", await server.OffsetAsync(id));
        Assert.Single(server.Store.BytesOf(id).Distinct());
    }

    [Fact]
    [Rule("LK5")]
    public async Task LK5_the_wait_for_a_lock_is_limited()
    {
        await using var server = await StartAsync(options => options.LockTimeout = TimeSpan.FromMilliseconds(200));
        var id = await server.CreateAsync(100);
        await using var held = await server.Locker.AcquireAsync(id, CancellationToken.None);

        var answer = await server.TusAsync("PATCH", $"/files/{id}", "x", OffsetStream, "Upload-Offset: 0");

        Assert.Equal((423, "ERR_UPLOAD_LOCKED: file currently locked\n"), (answer.Status, answer.Body));
    }

    [Fact]
    [Rule("BR5")]
    public async Task BR5_a_body_that_falls_silent_ends_after_the_time_out_and_is_kept()
    {
        await using var server = await StartAsync(options => options.ReadTimeout = TimeSpan.FromMilliseconds(300));
        var id = await server.CreateAsync(100);
        using var silent = await RawConnection.OpenAsync(server.Port);

        await silent.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
        var answer = await silent.ReadAnswerAsync();

        Assert.Equal((500, "ERR_READ_TIMEOUT: timeout while reading request body\n"), (answer!.Status, answer.Body));
        Assert.Equal("5", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("SH1")]
    public async Task SH1_a_stop_ends_bodies_with_503_and_keeps_them()
    {
        await using var server = await StartAsync(_ => { });
        var id = await server.CreateAsync(100);
        using var slow = await RawConnection.OpenAsync(server.Port);
        await slow.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
        await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == 5);

        var stop = server.StopAsync();
        var answer = await slow.ReadAnswerAsync();
        await stop.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.Equal((503, "ERR_SERVER_SHUTDOWN: request has been interrupted because the server is shutting down\n"), (answer!.Status, answer.Body));
        Assert.Equal(5, server.Store.BytesOf(id).Length);
    }

    [Fact]
    [Rule("TE2")]
    public async Task TE2_a_DELETE_displaces_the_body_and_the_upload_stays_gone()
    {
        await using var server = await StartAsync(_ => { });
        var id = await server.CreateAsync(100);
        using var slow = await RawConnection.OpenAsync(server.Port);
        await slow.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
        await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == 5);

        var deleted = await server.TusAsync("DELETE", $"/files/{id}");

        Assert.Equal(204, deleted.Status);
        Assert.Equal(400, (await slow.ReadAnswerAsync())!.Status);
        Assert.Equal(404, (await server.TusAsync("HEAD", $"/files/{id}")).Status);
        Assert.Equal(0, server.Store.Count);
    }

    [Fact]
    [Rule("LK6", "LK8")]
    public async Task Locks_are_handed_on_in_order_and_nothing_is_left()
    {
        var locker = new MemoryUploadLocker();
        var first = await locker.AcquireAsync("a", CancellationToken.None);
        var second = locker.AcquireAsync("a", CancellationToken.None);
        using var impatient = new CancellationTokenSource();
        var third = locker.AcquireAsync("a", impatient.Token);
        var fourth = locker.AcquireAsync("a", CancellationToken.None);

        Assert.True(first!.ReleaseRequested.IsCancellationRequested || await FiresAsync(first.ReleaseRequested));
        await impatient.CancelAsync();
        Assert.Null(await third);
        await first.DisposeAsync();
        await first.DisposeAsync();
        var next = await second;
        Assert.False(fourth.IsCompleted);
        await next!.DisposeAsync();
        await (await fourth)!.DisposeAsync();

        Assert.Equal(0, locker.Count);
    }

    private static async Task<bool> FiresAsync(CancellationToken token)
    {
        await Eventually.TrueAsync(() => token.IsCancellationRequested);
        return true;
    }

    private static async Task<TusServer> StartAsync(Action<TusOptions> configure)
    {
        var server = new TusServer(configure);
        await server.InitializeAsync();
        return server;
    }
}
