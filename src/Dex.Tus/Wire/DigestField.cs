using System.Collections.Immutable;
using System.Globalization;
using Dex.Tus.Digests;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>The fields of RFC 9530: digests by algorithm, and which ones a client would like (spec: tus.md DR22).</summary>
internal static class DigestField
{
    /// <summary>The digests under algorithms we know; others are ignored.</summary>
    /// <returns>False if the field is no dictionary, or a digest we know is none: whoever asks for a check must not be left without one.</returns>
    public static bool TryRead(StringValues header, out ImmutableArray<UploadDigest> digests)
    {
        digests = [];
        if (header.Count == 0)
            return true;
        if (StructuredDictionary.Read(header) is not { } members)
            return false;
        foreach (var (name, value) in members)
        {
            if (DigestAlgorithm.Find(name) is not { } algorithm)
                continue;
            if (StructuredDictionary.ReadBytes(value) is not { } bytes || bytes.Length != algorithm.Bytes)
                return false;
            digests = digests.Add(new UploadDigest(algorithm, bytes));
        }

        return true;
    }

    /// <summary>The algorithm with the highest weight of those we know; null if none is acceptable, or the field cannot be read.</summary>
    public static DigestAlgorithm? ReadWanted(StringValues header)
    {
        if (header.Count == 0 || StructuredDictionary.Read(header) is not { } members)
            return null;
        DigestAlgorithm? best = null;
        var most = 0;
        foreach (var algorithm in DigestAlgorithm.ForUploads)
        {
            if (members.TryGetValue(algorithm.Name, out var value)
                && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var weight) && weight > most && weight <= 10)
                (best, most) = (algorithm, weight);
        }

        return best;
    }
}
