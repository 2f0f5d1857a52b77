using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;

namespace Dex.Tus.Concatenation;

/// <summary>The parts of a final upload as they are at one moment, and what they say of it (spec: tus.md CC7, CC9).</summary>
internal sealed class FinalParts
{
    private readonly Int128 _knownBytes;

    private FinalParts(IReadOnlyList<Upload> inOrder, bool isAnyMissing, UploadExpiration expiration)
    {
        InOrder = inOrder;
        IsAnyMissing = isAnyMissing;
        IsAnyExpired = inOrder.Any(expiration.HasEnded);
        foreach (var part in inOrder)
            _knownBytes += part.Length ?? part.Offset;
        AreComplete = !isAnyMissing && inOrder.All(part => part.IsComplete);
        Length = !isAnyMissing && _knownBytes <= long.MaxValue && inOrder.All(part => part.Length is not null) ? (long)_knownBytes : null;
    }

    /// <summary>As listed; one may stand several times. Not all of them if one is missing.</summary>
    public IReadOnlyList<Upload> InOrder { get; }

    /// <summary>One was never there, or was removed.</summary>
    public bool IsAnyMissing { get; }

    /// <summary>The time of one is over.</summary>
    public bool IsAnyExpired { get; }

    /// <summary>One is not what its sender declared.</summary>
    public bool IsAnyRejected => InOrder.Any(part => part.IsRejected);

    /// <summary>Every byte of every part is stored.</summary>
    public bool AreComplete { get; }

    /// <summary>Their sum, or null while the length of one is unknown.</summary>
    public long? Length { get; }

    public static async ValueTask<FinalParts> ReadAsync(
        IUploadStore store, UploadExpiration expiration, IEnumerable<string> partIds, CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, Upload>(StringComparer.Ordinal);
        var inOrder = new List<Upload>();
        foreach (var partId in partIds)
        {
            if (!known.TryGetValue(partId, out var part))
            {
                if (await store.FindAsync(partId, cancellationToken) is not { } found)
                    return new FinalParts(inOrder, isAnyMissing: true, expiration);
                known.Add(partId, part = found);
            }

            inOrder.Add(part);
        }

        return new FinalParts(inOrder, isAnyMissing: false, expiration);
    }

    /// <summary>Whether their sum, as far as it is known, is more than an upload may have.</summary>
    public bool Exceed(long? maxSize) => _knownBytes > (maxSize ?? long.MaxValue);

    /// <summary>Whether the final upload can never be complete, whatever still arrives.</summary>
    public bool AreLost(long? maxSize) => IsAnyMissing || IsAnyExpired || IsAnyRejected || Exceed(maxSize);
}
