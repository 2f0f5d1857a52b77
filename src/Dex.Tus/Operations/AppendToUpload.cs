using System.Collections.Immutable;
using System.IO.Pipelines;
using Dex.Tus.Concatenation;
using Dex.Tus.Digests;
using Dex.Tus.Lifecycle;
using Dex.Tus.Locking;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Microsoft.Extensions.Logging;
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

    /// <summary>Told the new offset about once a second while the body is being read; null if nobody wants to know.</summary>
    public Action<long>? Progress { get; init; }

    /// <summary>Asked for the body's checksum when it has been read to its end; null if the body carries none. Answers null for one that is missing or unreadable.</summary>
    public Func<UploadDigest?>? Checksum { get; init; }

    /// <summary>Digests of the body that were declared in front of it.</summary>
    public ImmutableArray<UploadDigest> ContentDigests { get; init; } = [];

    /// <summary>Whether the body says of itself what it is.</summary>
    public bool HasDigest => Checksum is not null || !ContentDigests.IsEmpty;

    /// <summary>A digest of the whole upload to be told, if the body completes it.</summary>
    public DigestAlgorithm? WantedDigest { get; init; }

    /// <summary>Where the upload ends if this body is its last one and says how long it is; null if it does not say.</summary>
    public long? End => Completes && ContentLength is { } bytes && bytes <= long.MaxValue - Offset ? Offset + bytes : null;
}

/// <summary>How an append ended.</summary>
/// <param name="Upload">The upload afterwards, when it is known: also with an error.</param>
/// <param name="Error">Null on success.</param>
/// <param name="BodyEnd">How the body ended; None if it was not read.</param>
internal readonly record struct AppendResult(Upload? Upload, TusError? Error, BodyEnd BodyEnd = BodyEnd.None);

/// <summary>Appends a request's body to an upload, keeps whatever arrived, and finishes the upload when it is whole (spec: tus.md 3.4, 5, 15, 16).</summary>
internal sealed partial class AppendToUpload(
    IUploadStore store, UploadLocks locks, LifecycleHooks hooks, FinishUpload finish, DigestsInProgress arriving, UploadExpiration expiration,
    MissingUploads missing, TusMetrics metrics, TimeProvider clock,
    IOptions<TusOptions> options, ILogger<AppendToUpload> logger)
{
    /// <param name="left">Fires when the client has left and the lock need not be waited for.</param>
    /// <param name="stopping">Fires when the server stops.</param>
    public async ValueTask<AppendResult> ExecuteAsync(
        string uploadId, AppendRequest request, CancellationToken left, CancellationToken stopping)
    {
        await using var held = await locks.AcquireInTimeAsync(uploadId, left);
        if (held is null)
            return new AppendResult(null, TusErrors.UploadLocked);
        if (await store.FindAsync(uploadId, CancellationToken.None) is not { } upload)
            return new AppendResult(null, await missing.ExplainAsync(uploadId, CancellationToken.None));
        if (expiration.HasEnded(upload))
            return new AppendResult(null, TusErrors.UploadExpired);
        if (upload.Kind == UploadKind.Final)
            return new AppendResult(upload, await RefuseFinalAsync(upload));
        if (request.Offset != upload.Offset)
            return new AppendResult(upload, TusErrors.MismatchedOffset);
        if (FindLengthError(upload, request) is { } lengthError)
            return new AppendResult(upload, lengthError);
        if (upload.IsComplete)
        {
            // A client whose answer was lost asks again; a body, if there is one, is dropped.
            upload = await finish.ConfirmAsync(upload, CancellationToken.None);
            return new AppendResult(upload, upload.IsRejected ? TusErrors.DigestMismatch : null, BodyEnd.None);
        }

        var length = request.DeclaredLength ?? upload.Length ?? request.End;
        var room = (length ?? options.Value.MaxUndeclared ?? long.MaxValue) - upload.Offset;
        if (request.ContentLength > room)
            return new AppendResult(upload, TusErrors.UploadSizeExceeded);
        var result = request.HasDigest
            ? await ReceiveVerifiedAsync(upload, request, room, held.ReleaseRequested, stopping)
            : await ReceiveAsync(await DeclareAsync(upload, request), request, room, held.ReleaseRequested, stopping);
        return result with { Upload = await expiration.RenewAsync(upload, result.Upload) };
    }

    /// <summary>Checks the content of a creation that has room for none, before the upload exists: it would be complete at once (spec: tus.md CK1, CK5, CU2).</summary>
    /// <remarks>Only chunks are read for it. What announces its length is known to be empty.</remarks>
    /// <returns>Without an error if there is nothing to be said against the creation.</returns>
    public async ValueTask<AppendResult> VerifyNothingAsync(AppendRequest request, CancellationToken stopping)
    {
        if (request.ContentLength is not null)
            return default;

        await using var stage = new ChunkStage(options.Value.StagingFolder);
        using var body = new IncomingBody(request.Body, limit: 0, request.ContentLength, options.Value.ReadTimeout, clock);
        await using (var ends = EarlyEnds.Listen(body, request, options.Value.GracePeriod, clock, CancellationToken.None, stopping))
            await stage.FillAsync(body, ends.SavingIsOver);
        if (ErrorOf(body.End) is not { } error)
            return new AppendResult(null, await FindChecksumErrorAsync(stage, request), body.End);
        metrics.BodyEndedEarly(body.End.ToString());
        return new AppendResult(null, error, body.End);
    }

    private async ValueTask<TusError> RefuseFinalAsync(Upload final) =>
        final.IsAwaitingParts && (await FinalParts.ReadAsync(store, expiration, final.Parts, CancellationToken.None)).AreLost(options.Value.MaxSize)
            ? TusErrors.UploadExpired
            : TusErrors.ModifyFinal;

    // Durable before the first byte of the body is read, so that a client that repeats the length is right.
    private async ValueTask<Upload> DeclareAsync(Upload upload, AppendRequest request) =>
        upload.Length is null && (request.DeclaredLength ?? request.End) is { } declared
            ? await ((ILengthDeferralStore)store).DeclareLengthAsync(upload, declared, CancellationToken.None)
            : upload;

    private TusError? FindLengthError(Upload upload, AppendRequest request)
    {
        // A last piece that ends short of the length is no last piece; one that goes beyond is too large, and told so elsewhere.
        if (!upload.IsComplete && request.End < (request.DeclaredLength ?? upload.Length))
            return TusErrors.InvalidUploadLength;
        if (request.DeclaredLength is not { } declared)
            return request.End > options.Value.MaxUndeclared && upload.Length is null ? TusErrors.MaxSizeExceeded : null;
        if (upload.Length is { } known)
            return declared == known ? null : TusErrors.InvalidUploadLength;
        if (declared < upload.Offset)
            return TusErrors.InvalidUploadLength;
        return declared > options.Value.MaxUndeclared ? TusErrors.MaxSizeExceeded : null;
    }

    private async ValueTask<AppendResult> ReceiveAsync(
        Upload upload, AppendRequest request, long room, CancellationToken releaseRequested, CancellationToken stopping)
    {
        using var body = new IncomingBody(request.Body, room, request.ContentLength, options.Value.ReadTimeout, clock);
        var digests = Watch(body, upload, request);
        body.OnProgress = taken =>
        {
            hooks.Receiving(upload with { Offset = upload.Offset + taken });
            request.Progress?.Invoke(upload.Offset + taken);
        };
        Upload stored;
        await using (var ends = EarlyEnds.Listen(body, request, options.Value.GracePeriod, clock, releaseRequested, stopping))
            stored = await AppendAsync(upload, body, ends.SavingIsOver);
        return await ConcludeAsync(stored, request, body.End, digests);
    }

    // All or nothing: what is not what its sender says it is never counts, not even for a moment.
    private async ValueTask<AppendResult> ReceiveVerifiedAsync(
        Upload upload, AppendRequest request, long room, CancellationToken releaseRequested, CancellationToken stopping)
    {
        await using var stage = new ChunkStage(options.Value.StagingFolder);
        using var body = new IncomingBody(request.Body, room, request.ContentLength, options.Value.ReadTimeout, clock);
        await using (var ends = EarlyEnds.Listen(body, request, options.Value.GracePeriod, clock, releaseRequested, stopping))
            await stage.FillAsync(body, ends.SavingIsOver);
        if (body.End != BodyEnd.Complete)
        {
            metrics.BodyEndedEarly(body.End.ToString());
            LogEndedEarly(upload.Id, body.End, upload.Offset);
            return new AppendResult(upload, ErrorOf(body.End), body.End);
        }

        if (await FindChecksumErrorAsync(stage, request) is { } error)
            return new AppendResult(upload, error, body.End);

        upload = await DeclareAsync(upload, request);
        using var verified = new IncomingBody(stage.OpenReader(), stage.Length, stage.Length, options.Value.ReadTimeout, clock);
        var digests = Watch(verified, upload, request);
        return await ConcludeAsync(await AppendAsync(upload, verified, CancellationToken.None), request, body.End, digests);
    }

    private static async ValueTask<TusError?> FindChecksumErrorAsync(ChunkStage stage, AppendRequest request)
    {
        if (!await stage.MatchesAsync(request.ContentDigests, CancellationToken.None))
            return TusErrors.ContentDigestMismatch;
        if (request.Checksum is not { } checksum)
            return null;
        if (checksum() is not { } expected)
            return TusErrors.InvalidChecksum;
        return await stage.MatchesAsync([expected], CancellationToken.None) ? null : TusErrors.ChecksumMismatch;
    }

    // Digests of the whole run along while each block is still in the processor's cache.
    private RunningDigests? Watch(IncomingBody body, Upload upload, AppendRequest request)
    {
        var digests = arriving.Resume(upload, request.WantedDigest);
        if (digests is not null)
            body.OnTaken = digests.Append;
        return digests;
    }

    private async ValueTask<AppendResult> ConcludeAsync(Upload upload, AppendRequest request, BodyEnd end, RunningDigests? digests)
    {
        if (end != BodyEnd.Complete)
        {
            metrics.BodyEndedEarly(end.ToString());
            LogEndedEarly(upload.Id, end, upload.Offset);
        }

        if (request.Completes && end == BodyEnd.Complete && upload.Length is null)
            upload = await ((ILengthDeferralStore)store).DeclareLengthAsync(upload, upload.Offset, CancellationToken.None);

        if (upload.IsComplete)
        {
            using (digests)
                upload = await finish.ExecuteAsync(upload, digests, request.WantedDigest, CancellationToken.None);
        }
        else
        {
            arriving.Keep(upload, digests);
            await hooks.ReceivedAsync(upload, CancellationToken.None);
        }

        // A body that was cut is told so even when all that the upload needed came before the cut (BR4).
        return new AppendResult(upload, ErrorOf(end) ?? (upload.IsRejected ? TusErrors.DigestMismatch : null), end);
    }

    private async ValueTask<Upload> AppendAsync(Upload upload, IncomingBody body, CancellationToken saving)
    {
        var before = upload.Offset;
        try
        {
            upload = await store.AppendAsync(upload, body, saving);
            return upload;
        }
        catch (Exception)
        {
            hooks.Unsettled(upload);
            throw;
        }
        finally
        {
            metrics.BytesReceived(Math.Max(body.Position, upload.Offset - before));
        }
    }

    /// <summary>What a body that ended so is answered with; null for a proper end.</summary>
    internal static TusError? ErrorOf(BodyEnd end) => end switch
    {
        BodyEnd.Complete => null,
        BodyEnd.TooLong => TusErrors.UploadSizeExceeded,
        BodyEnd.Reset => TusErrors.ConnectionReset,
        BodyEnd.TimedOut => TusErrors.ReadTimeout,
        BodyEnd.Displaced => TusErrors.UploadInterrupted,
        BodyEnd.ShuttingDown => TusErrors.ShuttingDown,
        _ => TusErrors.UnexpectedEndOfBody,
    };

    [LoggerMessage(LogLevel.Information, "request body ended early {uploadId}{reason}{offset}")]
    private partial void LogEndedEarly(string uploadId, BodyEnd reason, long offset);
}
