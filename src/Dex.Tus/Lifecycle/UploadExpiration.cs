using Dex.Tus.Stores;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Lifecycle;

/// <summary>Until when unfinished uploads are kept: a period that begins anew with each request that stores bytes (spec: tus.md 8).</summary>
/// <remarks>Nothing is kept for it: the end follows from <see cref="Upload.ModifiedAt"/>, which survives restarts. It is a whole second, so that what a header says is what happens.</remarks>
public sealed class UploadExpiration(IUploadStore store, TimeProvider clock, IOptions<TusOptions> options)
{
    private readonly TimeSpan? _period = store is IExpirationStore and ITerminationStore ? options.Value.Expiration : null;

    /// <summary>Whether uploads expire at all: it is configured, and the store can.</summary>
    public bool IsOn => _period is not null;

    /// <summary>When the upload expires unless bytes arrive; null if it never does: finished uploads, and final ones, which live as long as their parts.</summary>
    public DateTimeOffset? EndOf(Upload upload)
    {
        if (_period is not { } period || upload.IsComplete || upload.Kind == UploadKind.Final)
            return null;
        var latest = DateTimeOffset.MaxValue.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond;
        var ticks = Math.Min(upload.ModifiedAt.UtcTicks, latest - period.Ticks) + period.Ticks;
        var partOfSecond = ticks % TimeSpan.TicksPerSecond;
        return new DateTimeOffset(partOfSecond == 0 ? ticks : ticks - partOfSecond + TimeSpan.TicksPerSecond, TimeSpan.Zero);
    }

    /// <summary>Whether its time is over, so that it may be removed and no longer be used.</summary>
    public bool HasEnded(Upload upload) => EndOf(upload) <= clock.GetUtcNow();

    /// <summary>Whole seconds that are left; null if it never expires.</summary>
    internal long? SecondsLeft(Upload upload) =>
        EndOf(upload) is { } end ? Math.Max(0, (end - clock.GetUtcNow()).Ticks / TimeSpan.TicksPerSecond) : null;

    /// <summary>Lets the time of a new upload begin.</summary>
    internal ValueTask<Upload> BeginAsync(Upload created) =>
        EndOf(created) is null ? new(created) : TouchAsync(created, created.ModifiedAt);

    /// <summary>Lets the time of an upload begin anew when a request has stored bytes, or was at work on it when its time was over.</summary>
    /// <param name="before">As the request found it.</param>
    /// <param name="after">As the request leaves it, still under the lock; null if there is nothing to renew.</param>
    internal async ValueTask<Upload?> RenewAsync(Upload before, Upload? after)
    {
        if (after is null || EndOf(after) is null)
            return after;
        return after.Offset > before.Offset || HasEnded(before)
            ? await TouchAsync(after, before.ModifiedAt)
            : after with { ModifiedAt = before.ModifiedAt };
    }

    // Never back, even if somebody has set the clock back: the client was told a time.
    private ValueTask<Upload> TouchAsync(Upload upload, DateTimeOffset atLeast)
    {
        var now = clock.GetUtcNow();
        return ((IExpirationStore)store).TouchAsync(upload, now > atLeast ? now : atLeast, CancellationToken.None);
    }
}
