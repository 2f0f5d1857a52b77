using System.Collections.Immutable;
using Dex.Tus.Digests;

namespace Dex.Tus.Stores;

/// <summary>Whether an upload stands alone, is a piece, or is joined from pieces (tus 1.0.0, concatenation).</summary>
public enum UploadKind
{
    /// <summary>An ordinary upload.</summary>
    Whole,

    /// <summary>A piece of a later final upload; never delivered by itself.</summary>
    Partial,

    /// <summary>Joined from partial uploads; takes no bytes of its own.</summary>
    Final,
}

/// <summary>One file on its way in, as a store knows it at one moment.</summary>
/// <remarks>A snapshot: read under the upload's lock it stays true until the lock is released.</remarks>
public sealed record Upload
{
    /// <summary>Random UUID, version 4, lower case, 36 characters.</summary>
    public required string Id { get; init; }

    /// <summary>All bytes the upload will have, or null while the length is deferred.</summary>
    public required long? Length { get; init; }

    /// <summary>Bytes stored so far, so also where the next byte goes.</summary>
    public required long Offset { get; init; }

    /// <summary>The client's key-value pairs with those the host added, in order.</summary>
    public required UploadMetadata Metadata { get; init; }

    /// <summary>Whole, partial or final.</summary>
    public UploadKind Kind { get; init; }

    /// <summary>Ids of the partial uploads a final one is joined from, in order; empty otherwise.</summary>
    public ImmutableArray<string> Parts { get; init; } = [];

    /// <summary>CRC-32C of the bytes 0 to <see cref="Offset"/>, computed as they arrived; null where the store would have to read them again.</summary>
    public uint? Crc32C { get; init; }

    /// <summary>What the sender declared of the whole upload, and what was found; null if there is neither.</summary>
    public UploadDigests? Digests { get; init; }

    /// <summary>Whether the bytes stored so far lie in a file or object of their own. False as long as a store has only pieces that it will join in the end.</summary>
    public bool HasFile { get; init; } = true;

    /// <summary>When the last byte was stored, or else the upload was created.</summary>
    public DateTimeOffset ModifiedAt { get; init; }

    /// <summary>What the store wants to find again while the upload's lock is held; nobody else looks at it.</summary>
    public object? StoreState { get; init; }

    /// <summary>Whether every byte is stored. Never true while the length is deferred.</summary>
    public bool IsComplete => Offset == Length;

    /// <summary>Whether it is known that the bytes are not what their sender declared: then nothing may be done with them.</summary>
    public bool IsRejected => Digests?.Complaint is not null;

    /// <summary>Whether this is a final upload that is not joined yet: its offset means nothing, and it takes no bytes of its own.</summary>
    public bool IsAwaitingParts => Kind == UploadKind.Final && !IsComplete;
}
