using System.Collections.Immutable;
using Dex.Tus.Digests;
using Dex.Tus.Stores;

namespace Dex.Tus.Lifecycle;

/// <summary>What the host may decide before a step of an upload's life, and hears after it. Hook names in brackets are the wire's.</summary>
public interface IUploadLifecycle
{
    /// <summary>[pre-create] Chooses the id, enriches the metadata, or refuses. Nothing is stored yet.</summary>
    /// <remarks>Called for partial and final uploads too.</remarks>
    ValueTask<CreationDecision> CreatingAsync(CreationRequest request, CancellationToken cancellationToken);

    /// <summary>[post-create] The upload exists; called before the answer. An exception takes the upload back.</summary>
    /// <param name="state">What <see cref="CreatingAsync"/> put into its decision.</param>
    ValueTask CreatedAsync(Upload upload, object? state, CancellationToken cancellationToken);

    /// <summary>An accepted creation failed in the store: no upload exists.</summary>
    /// <param name="state">What <see cref="CreatingAsync"/> put into its decision.</param>
    ValueTask NotCreatedAsync(object? state, CancellationToken cancellationToken);

    /// <summary>[post-receive] A body is being read and bytes were stored since the last call: about once a second, never after the body ended.</summary>
    /// <remarks>Synchronous and quick: it must not wait for storage.</remarks>
    void Receiving(Upload upload);

    /// <summary>[post-receive] A body ended without completing the upload; called before the answer.</summary>
    ValueTask ReceivedAsync(Upload upload, CancellationToken cancellationToken);

    /// <summary>[pre-finish, post-finish] Every byte is stored and flushed. The finishing request is answered only after this returned. Idempotent.</summary>
    /// <remarks>Called for partial uploads too, which the host must not process (tus.md CC10), nor one that is rejected (<see cref="Upload.IsRejected"/>). An exception fails the request with 500.</remarks>
    /// <returns>False when what should follow from it cannot; counted as a hook error, the client still gets its answer.</returns>
    ValueTask<bool> FinishingAsync(Upload upload, CancellationToken cancellationToken);

    /// <summary>A request failed while it stored or finished: every byte may be there although nobody has finished the upload. The host finishes it by itself (spec: reliability.md Q2).</summary>
    /// <remarks>Synchronous and quick.</remarks>
    void Unsettled(Upload upload);

    /// <summary>[post-terminate] The upload was deleted by its client.</summary>
    ValueTask TerminatedAsync(Upload upload, CancellationToken cancellationToken);

    /// <summary>Whether an upload that is no longer there is remembered as expired. Asked only where uploads expire.</summary>
    ValueTask<bool> HasExpiredAsync(string uploadId, CancellationToken cancellationToken);
}

/// <summary>What a client asks to create.</summary>
/// <param name="Length">All bytes, or null if deferred.</param>
/// <param name="Metadata">As sent.</param>
/// <param name="Kind">Whole, partial or final.</param>
public sealed record CreationRequest(long? Length, UploadMetadata Metadata, UploadKind Kind);

/// <summary>The host's word on a creation: an id and the metadata to store, or a refusal.</summary>
public sealed record CreationDecision
{
    private CreationDecision() { }

    /// <summary>The new upload's id; null when refused.</summary>
    public string? UploadId { get; private init; }

    /// <summary>The metadata to store.</summary>
    public UploadMetadata Metadata { get; private init; } = UploadMetadata.Empty;

    /// <summary>Digests of the whole upload that the host found declared, beside those in the request's headers.</summary>
    public ImmutableArray<UploadDigest> Digests { get; init; } = [];

    /// <summary>Whatever the host wants to find again when the upload exists.</summary>
    public object? State { get; private init; }

    /// <summary>The answer to a refused creation.</summary>
    public CreationRefusal? Refusal { get; private init; }

    public static CreationDecision Accept(string uploadId, UploadMetadata metadata, object? state = null) =>
        new() { UploadId = uploadId, Metadata = metadata, State = state };

    public static CreationDecision Refuse(CreationRefusal refusal) => new() { Refusal = refusal };
}

/// <summary>How a refused creation is answered: the body goes out as it is, with the protocol's usual headers.</summary>
/// <param name="StatusCode">HTTP status, 400 to 599.</param>
/// <param name="ContentType">Value of <c>Content-Type</c>.</param>
/// <param name="Body">UTF-8 bytes of the body.</param>
public sealed record CreationRefusal(int StatusCode, string ContentType, ReadOnlyMemory<byte> Body);
