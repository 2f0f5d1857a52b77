using Dex.Tus.Stores;

namespace Dex.UploadServer.Retention;

/// <summary>Why something in the store may go.</summary>
internal enum SweepCategory
{
    /// <summary>Nobody finished the upload in time.</summary>
    Expired,

    /// <summary>A final upload that can never be complete, since a part of it is gone.</summary>
    Final,

    /// <summary>A finished part that nobody waits for.</summary>
    Part,

    /// <summary>Bytes without a record.</summary>
    Data,

    /// <summary>A record without bytes.</summary>
    Record,

    /// <summary>A side file of an upload that is gone.</summary>
    Side,

    /// <summary>A file that was never finished.</summary>
    Temporary,

    /// <summary>An upload that cannot be read. It stays.</summary>
    Unreadable,
}

/// <summary>One thing that a sweep came upon.</summary>
/// <param name="UploadId">The upload that it is, or was of; null if it tells none.</param>
/// <param name="Leftover">Null for a whole upload.</param>
internal sealed record SweepFinding(SweepCategory Category, string? UploadId, long Bytes, Leftover? Leftover = null)
{
    public static SweepFinding Of(Leftover leftover) => new(CategoryOf(leftover.Kind), leftover.UploadId, leftover.Bytes, leftover);

    private static SweepCategory CategoryOf(LeftoverKind kind) => kind switch
    {
        LeftoverKind.Data => SweepCategory.Data,
        LeftoverKind.Record => SweepCategory.Record,
        LeftoverKind.Side => SweepCategory.Side,
        _ => SweepCategory.Temporary,
    };
}
