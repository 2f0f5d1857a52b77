using System.Collections.Immutable;
using Dex.Tus.Digests;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Operations;

/// <summary>What a front end read from a creation request.</summary>
/// <param name="Length">Declared length, or null if deferred; ignored for a final upload.</param>
/// <param name="Metadata">As sent.</param>
/// <param name="Kind">Whole, partial or final.</param>
/// <param name="Parts">For a final upload: ids, null where an element names no upload of ours.</param>
internal sealed record CreateRequest(long? Length, UploadMetadata Metadata, UploadKind Kind, ImmutableArray<string?> Parts)
{
    /// <summary>Of the whole upload, as the request's headers declare them.</summary>
    public ImmutableArray<UploadDigest> Digests { get; init; } = [];

    /// <summary>A digest to be told, if the creation completes the upload.</summary>
    public DigestAlgorithm? WantedDigest { get; init; }
}

/// <summary>A new upload, or why there is none. One without bytes may be rejected.</summary>
internal readonly record struct CreateResult(Upload? Upload, TusError? Error, CreationRefusal? Refusal);

/// <summary>Creates an upload: every check that needs no body, the host's decision, then the store (spec: tus.md 4, 5, 11).</summary>
internal sealed class CreateUpload(
    IUploadStore store, LifecycleHooks hooks, FinishUpload finish, UploadExpiration expiration, TusMetrics metrics, IOptions<TusOptions> options)
{
    public async ValueTask<CreateResult> ExecuteAsync(CreateRequest request, CancellationToken cancellationToken)
    {
        if (request.Metadata.Count > options.Value.MaxMetadataKeys || request.Metadata.ValueBytes > options.Value.MaxMetadataBytes)
            return Refused(TusErrors.MetadataTooLarge);

        var length = request.Length;
        IReadOnlyList<Upload> parts = [];
        if (request.Kind == UploadKind.Final)
        {
            if (store is not IConcatenationStore)
                return Refused(TusErrors.ConcatenationUnsupported);
            (var found, length, var refusal) = await FindPartsAsync(request.Parts, cancellationToken);
            if (refusal is not null)
                return Refused(refusal);
            parts = found;
        }
        else if (request.Kind == UploadKind.Partial && store is not IConcatenationStore)
        {
            return Refused(TusErrors.ConcatenationUnsupported);
        }

        if (length is null && store is not ILengthDeferralStore)
            return Refused(TusErrors.NotImplemented);
        if (length > options.Value.MaxSize)
            return Refused(TusErrors.MaxSizeExceeded);

        var decision = await hooks.CreatingAsync(new CreationRequest(length, request.Metadata, request.Kind), cancellationToken);
        if (decision.Refusal is { } refused)
            return new CreateResult(null, null, refused);

        if (!UploadDigests.TryJoin(request.Digests, decision.Digests, out var digests) || (digests is not null && store is not IDigestStore))
        {
            await hooks.NotCreatedAsync(decision.State, CancellationToken.None);
            return Refused(store is IDigestStore ? TusErrors.DigestsDiffer : TusErrors.NotImplemented);
        }

        // From here on nothing is abandoned half-way because a client left.
        var creation = new NewUpload
        {
            Id = decision.UploadId!,
            Length = length,
            Metadata = decision.Metadata,
            Kind = request.Kind,
            Parts = [.. parts.Select(part => part.Id)],
            Digests = digests,
        };
        var upload = await StoreAsync(creation, parts, decision.State);
        metrics.UploadCreated();
        if (upload.IsComplete)
            upload = await finish.ExecuteAsync(upload, null, request.WantedDigest, CancellationToken.None);
        return new CreateResult(upload, null, null);
    }

    private async ValueTask<Upload> StoreAsync(NewUpload creation, IReadOnlyList<Upload> parts, object? state)
    {
        Upload? upload = null;
        try
        {
            upload = creation.Kind == UploadKind.Final
                ? await ((IConcatenationStore)store).ConcatenateAsync(creation, parts, CancellationToken.None)
                : await store.CreateAsync(creation, CancellationToken.None);
            upload = await expiration.BeginAsync(upload);
            await hooks.CreatedAsync(upload, state, CancellationToken.None);
            return upload;
        }
        catch (Exception)
        {
            // A creation that is not answered 201 leaves nothing behind.
            if (upload is null)
                await hooks.NotCreatedAsync(state, CancellationToken.None);
            else if (store is ITerminationStore termination)
                await termination.DeleteAsync(upload, CancellationToken.None);
            throw;
        }
    }

    private static CreateResult Refused(TusError error) => new(null, error, null);

    private async ValueTask<(IReadOnlyList<Upload> Parts, long? Length, TusError? Error)> FindPartsAsync(
        ImmutableArray<string?> ids, CancellationToken cancellationToken)
    {
        if (ids.Length > options.Value.MaxParts)
            return ([], null, TusErrors.InvalidConcat);

        var known = new Dictionary<string, Upload>(StringComparer.Ordinal);
        var parts = new List<Upload>(ids.Length);
        var length = 0L;
        foreach (var id in ids)
        {
            if (id is null)
                return ([], null, TusErrors.UploadNotFound);
            if (!known.TryGetValue(id, out var part))
            {
                if (await store.FindAsync(id, cancellationToken) is not { } found)
                    return ([], null, TusErrors.UploadNotFound);
                known.Add(id, part = found);
            }

            if (expiration.HasEnded(part))
                return ([], null, TusErrors.UploadExpired);
            if (!part.IsComplete)
                return ([], null, TusErrors.UploadNotFinished);
            if (part.IsRejected)
                return ([], null, TusErrors.DigestMismatch);
            if (part.Offset > long.MaxValue - length)
                return ([], null, TusErrors.MaxSizeExceeded);
            length += part.Offset;
            parts.Add(part);
        }

        return (parts, length, null);
    }
}
