using System.IO.Pipelines;
using Dex.Tus.Lifecycle;
using Dex.Tus.Locking;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Operations;

/// <summary>What a front end read from a request that appends.</summary>
/// <param name="Offset">Where the client believes the next byte goes.</param>
/// <param name="DeclaredLength">Length declared by this request, if any.</param>
/// <param name="ContentLength">Bytes the body announces; null for a chunked body.</param>
/// <param name="Completes">The body's proper end is the upload's end, whatever its length.</param>
/// <param name="Body">The request's body.</param>
internal sealed record AppendRequest(long Offset, long? DeclaredLength, long? ContentLength, bool Completes, PipeReader Body)
{
    /// <summary>Tells when the client will send no more; null where the transport cannot.</summary>
    public IInputEndFeature? InputEnd { get; init; }
}

/// <summary>How an append ended.</summary>
/// <param name="Upload">The upload afterwards, when it is known: also with an error.</param>
/// <param name="Error">Null on success.</param>
/// <param name="BodyEnd">How the body ended; None if it was not read.</param>
internal readonly record struct AppendResult(Upload? Upload, TusError? Error, BodyEnd BodyEnd = BodyEnd.None);

/// <summary>Appends a request's body to an upload, keeps whatever arrived, and finishes the upload when it is whole (spec: tus.md 3.4, 5, 15, 16).</summary>
internal sealed class AppendToUpload(
    IUploadStore store, IUploadLocker locker, LifecycleHooks hooks, FinishUpload finish, TusMetrics metrics, TimeProvider clock, IOptions<TusOptions> options)
{
    /// <param name="patience">Fires when the wait for the lock is over.</param>
    /// <param name="stopping">Fires when the server stops.</param>
    public async ValueTask<AppendResult> ExecuteAsync(
        string uploadId, AppendRequest request, CancellationToken patience, CancellationToken stopping)
    {
        await using var held = await locker.AcquireAsync(uploadId, patience);
        if (held is null)
            return new AppendResult(null, TusErrors.UploadLocked);
        if (await store.FindAsync(uploadId, CancellationToken.None) is not { } upload)
            return new AppendResult(null, TusErrors.UploadNotFound);
        if (upload.Kind == UploadKind.Final)
            return new AppendResult(upload, TusErrors.ModifyFinal);
        if (request.Offset != upload.Offset)
            return new AppendResult(upload, TusErrors.MismatchedOffset);
        if (FindLengthError(upload, request) is { } lengthError)
            return new AppendResult(upload, lengthError);
        if (upload.IsComplete)
        {
            // A client whose answer was lost asks again; a body, if there is one, is dropped.
            await finish.ConfirmAsync(upload, CancellationToken.None);
            return new AppendResult(upload, null, BodyEnd.None);
        }

        var length = request.DeclaredLength ?? upload.Length;
        var room = (length ?? options.Value.MaxSize ?? long.MaxValue) - upload.Offset;
        if (request.ContentLength > room)
            return new AppendResult(upload, TusErrors.UploadSizeExceeded);
        if (upload.Length is null && request.DeclaredLength is { } declared)
            upload = await ((ILengthDeferralStore)store).DeclareLengthAsync(upload, declared, CancellationToken.None);

        return await ReceiveAsync(upload, request, room, held.ReleaseRequested, stopping);
    }

    private TusError? FindLengthError(Upload upload, AppendRequest request)
    {
        if (request.DeclaredLength is not { } declared)
            return null;
        if (upload.Length is { } known)
            return declared == known ? null : TusErrors.InvalidUploadLength;
        if (declared < upload.Offset)
            return TusErrors.InvalidUploadLength;
        return declared > options.Value.MaxSize ? TusErrors.MaxSizeExceeded : null;
    }

    private async ValueTask<AppendResult> ReceiveAsync(
        Upload upload, AppendRequest request, long room, CancellationToken releaseRequested, CancellationToken stopping)
    {
        var before = upload.Offset;
        BodyEnd end;
        using (var body = new IncomingBody(request.Body, room, request.ContentLength, options.Value.ReadTimeout, clock))
        {
            var receiving = upload;
            body.OnProgress = taken => hooks.Receiving(receiving with { Offset = before + taken });
            upload = await AppendAsync(upload, body, request, releaseRequested, stopping);
            end = body.End;
        }

        if (end != BodyEnd.Complete)
            metrics.BodyEndedEarly(end.ToString());
        if (request.Completes && end == BodyEnd.Complete && upload.Length is null)
            upload = await ((ILengthDeferralStore)store).DeclareLengthAsync(upload, upload.Offset, CancellationToken.None);

        if (upload.IsComplete)
        {
            upload = await finish.ExecuteAsync(upload, CancellationToken.None);
        }
        else
        {
            await hooks.ReceivedAsync(upload, CancellationToken.None);
        }

        // A body that was cut is told so even when all that the upload needed came before the cut (BR4).
        return new AppendResult(upload, ErrorOf(end), end);
    }

    private async ValueTask<Upload> AppendAsync(
        Upload upload, IncomingBody body, AppendRequest request, CancellationToken releaseRequested, CancellationToken stopping)
    {
        // Reading ends when the client leaves, another request wants this upload, or the server stops.
        if (request.ContentLength is null)
            request.InputEnd?.FollowChunks();
        using var left = request.InputEnd?.Listen(() => body.Stop(BodyEnd.CutShort));
        await using var displaced = releaseRequested.UnsafeRegister(static body => ((IncomingBody)body!).Stop(BodyEnd.Displaced), body);
        await using var shutDown = stopping.UnsafeRegister(static body => ((IncomingBody)body!).Stop(BodyEnd.ShuttingDown), body);

        // What has arrived is kept all the same: the store gets its own, longer patience.
        using var saving = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        body.OnCut = () => saving.CancelAfter(options.Value.GracePeriod);

        var before = upload.Offset;
        try
        {
            upload = await store.AppendAsync(upload, body, saving.Token);
            return upload;
        }
        finally
        {
            metrics.BytesReceived(Math.Max(body.Position, upload.Offset - before));
        }
    }

    private static TusError? ErrorOf(BodyEnd end) => end switch
    {
        BodyEnd.Complete => null,
        BodyEnd.TooLong => TusErrors.UploadSizeExceeded,
        BodyEnd.Reset => TusErrors.ConnectionReset,
        BodyEnd.TimedOut => TusErrors.ReadTimeout,
        BodyEnd.Displaced => TusErrors.UploadInterrupted,
        BodyEnd.ShuttingDown => TusErrors.ShuttingDown,
        _ => TusErrors.UnexpectedEndOfBody,
    };
}
