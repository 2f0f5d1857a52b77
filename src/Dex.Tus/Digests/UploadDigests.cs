using System.Collections.Immutable;

namespace Dex.Tus.Digests;

/// <summary>What a sender declared of a whole upload, and what was found of it (spec: tus.md DR22).</summary>
public sealed record UploadDigests
{
    /// <summary>By the sender, at most one for each algorithm.</summary>
    public ImmutableArray<UploadDigest> Declared { get; init; } = [];

    /// <summary>Of the bytes that arrived; none until the upload is finished.</summary>
    public ImmutableArray<UploadDigest> Computed { get; init; } = [];

    /// <summary>Whether something is declared and not compared yet.</summary>
    public bool IsPending => Declared.Any(declared => FindComputed(declared.Algorithm) is null);

    /// <summary>What to tell people of an upload that is not what its sender declared, with both digests; null if there is nothing to complain of.</summary>
    public string? Complaint
    {
        get
        {
            var wrong = Declared
                .Select(declared => (Declared: declared, Computed: FindComputed(declared.Algorithm)))
                .Where(pair => pair.Computed is not null && !pair.Computed.Equals(pair.Declared))
                .Select(pair => $"{pair.Declared.Algorithm} declared {pair.Declared.Hex}, computed {pair.Computed!.Hex}")
                .ToArray();
            return wrong.Length == 0 ? null : "the upload does not match its declared digest: " + string.Join("; ", wrong);
        }
    }

    /// <summary>The computed digest of that algorithm, if there is one.</summary>
    public UploadDigest? FindComputed(DigestAlgorithm algorithm) => Computed.FirstOrDefault(digest => digest.Algorithm == algorithm);

    /// <summary>Digests declared in several places as one; null for none.</summary>
    /// <returns>False if two of them cannot both be true.</returns>
    public static bool TryJoin(ImmutableArray<UploadDigest> some, ImmutableArray<UploadDigest> others, out UploadDigests? digests)
    {
        digests = null;
        if (some.IsEmpty && others.IsEmpty)
            return true;
        var different = some.Union(others).ToImmutableArray();
        digests = new UploadDigests { Declared = different };
        return different.DistinctBy(digest => digest.Algorithm).Count() == different.Length;
    }
}
