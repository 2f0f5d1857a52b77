using System.Collections.Immutable;
using Dex.Tus.Digests;
using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;

namespace Dex.Tus.Dialects;

/// <summary>What a request says and asks of digests, the same in every dialect (spec: tus.md DR22).</summary>
/// <param name="Content">Of this request's content.</param>
/// <param name="Whole">Of the whole upload; means something on a creation only.</param>
/// <param name="Wanted">To be told with the answer that completes the upload.</param>
internal readonly record struct DigestFields(ImmutableArray<UploadDigest> Content, ImmutableArray<UploadDigest> Whole, DigestAlgorithm? Wanted)
{
    private const string ContentDigest = "Content-Digest";
    private const string ReprDigest = "Repr-Digest";
    private const string WantReprDigest = "Want-Repr-Digest";

    /// <summary>False if a digest cannot be read.</summary>
    public static bool TryRead(IHeaderDictionary headers, out DigestFields fields)
    {
        fields = default;
        if (!DigestField.TryRead(headers[ContentDigest], out var content) || !DigestField.TryRead(headers[ReprDigest], out var whole))
            return false;
        fields = new DigestFields(content, whole, DigestField.ReadWanted(headers[WantReprDigest]));
        return true;
    }

    /// <summary>Whether the content's digests say that it is not empty.</summary>
    public bool DenyEmptyContent() => Content.Any(digest => !digest.IsOfNothing());

    /// <summary>Tells the wanted digest, if the upload is finished and it is known.</summary>
    public void WriteWanted(IHeaderDictionary headers, Upload upload)
    {
        if (Wanted is { } wanted && upload.Digests?.FindComputed(wanted) is { } digest)
            headers[ReprDigest] = digest.ToField();
    }

    /// <summary>Tells every digest that is known.</summary>
    public static void WriteKnown(IHeaderDictionary headers, Upload upload)
    {
        if (upload.Digests is { Computed: { IsEmpty: false } computed })
            headers[ReprDigest] = string.Join(", ", computed.Select(digest => digest.ToField()));
    }
}
