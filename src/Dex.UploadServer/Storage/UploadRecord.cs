using System.Collections.Immutable;
using Dex.Tus.Digests;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage;

/// <summary>The <c>.info</c> document beside an upload's data, as this server and its predecessor both read and write it (spec: storage-layout.md 1).</summary>
/// <remarks>There is no offset in it: the true one always comes from the data.</remarks>
internal sealed record UploadRecord
{
    /// <summary>The upload's id; a backend may append to it.</summary>
    public required string Id { get; init; }

    /// <summary>Null while the length is deferred.</summary>
    public required long? Length { get; init; }

    public required UploadMetadata Metadata { get; init; }

    public UploadKind Kind { get; init; }

    /// <summary>Ids of the parts of a final upload.</summary>
    public ImmutableArray<string> Parts { get; init; } = [];

    /// <summary>Where the backend says the data is; empty if the record does not tell.</summary>
    public ImmutableSortedDictionary<string, string> Storage { get; init; } = NoStorage;

    /// <summary>What the sender declared of the whole upload, and what was found.</summary>
    public UploadDigests? Digests { get; init; }

    /// <summary>The run of the machine the upload was created in; null for an upload that another server created.</summary>
    public Guid? Boot { get; init; }

    /// <summary>When the upload was created, where the backend keeps no such time of its own; null for an upload that another server created.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Members that only somebody else knows; they are kept when the record is written again.</summary>
    public ImmutableArray<ForeignMember> Foreign { get; init; } = [];

    private static readonly ImmutableSortedDictionary<string, string> NoStorage = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>The record of a new upload.</summary>
    public static UploadRecord For(NewUpload upload, Guid? boot, ImmutableSortedDictionary<string, string> storage) => new()
    {
        Id = upload.Id,
        Length = upload.Length,
        Metadata = upload.Metadata,
        Kind = upload.Kind,
        Parts = upload.Parts,
        Digests = upload.Digests,
        Storage = storage,
        Boot = boot,
    };
}

/// <summary>One member of a JSON object, its value as it was written.</summary>
internal readonly record struct ForeignMember(string Name, string Json);
