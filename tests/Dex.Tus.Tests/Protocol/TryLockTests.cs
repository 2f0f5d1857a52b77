using Dex.Testing;
using Dex.Tus.Locking;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 16, for work that no request waits for.</summary>
public sealed class TryLockTests
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    private readonly MemoryUploadLocker _locker = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("EX3")]
    public async Task EX3_who_only_tries_does_not_ask_the_holder_to_let_go()
    {
        await using var held = await _locker.AcquireAsync(Id, Stop);

        var tried = await _locker.TryAcquireAsync(Id, Stop);

        Assert.Null(tried);
        Assert.False(held!.ReleaseRequested.IsCancellationRequested);
    }

    [Fact]
    [Rule("LK2")]
    public async Task LK2_who_got_it_by_trying_is_asked_like_any_other_and_leaves_nothing()
    {
        var tried = await _locker.TryAcquireAsync(Id, Stop);
        var waiting = _locker.AcquireAsync(Id, Stop).AsTask();

        Assert.Null(await _locker.TryAcquireAsync(Id, Stop));
        await tried!.DisposeAsync();
        await (await waiting)!.DisposeAsync();

        Assert.True(tried.ReleaseRequested.IsCancellationRequested);
        Assert.Equal(0, _locker.Count);
    }
}
