using System.Buffers;
using System.Collections.Immutable;
using Dex.Tus.Digests;

namespace Dex.UploadServer.Uploads;

/// <summary>Digests of the whole file that a sender declares in its manifest, in hexadecimal digits of any case or in base64.</summary>
/// <param name="Declared">What was found.</param>
/// <param name="Problems">Lines for the sender, as the manifest check has them.</param>
internal sealed record ManifestDigests(ImmutableArray<UploadDigest> Declared, ImmutableArray<string> Problems)
{
    private static readonly ImmutableArray<(string OwnKey, string PlainKey, DigestAlgorithm Algorithm)> Keys =
    [
        ("file_digest_sha256", "sha256", DigestAlgorithm.Sha256),
        ("file_digest_sha512", "sha512", DigestAlgorithm.Sha512),
        ("file_digest_crc32c", "crc32c", DigestAlgorithm.Crc32C),
    ];

    public static ManifestDigests Read(ImmutableSortedDictionary<string, string> manifest)
    {
        ImmutableArray<UploadDigest> declared = [];
        ImmutableArray<string> problems = [];
        foreach (var (ownKey, plainKey, algorithm) in Keys)
        {
            if (manifest.TryGetValue(ownKey, out var value) && value.Length > 0)
            {
                if (Parse(value, algorithm) is { } digest)
                    declared = declared.Add(digest);
                else
                    problems = [.. problems, "validation failure", $"field {ownKey} is no {algorithm.Name} digest in hexadecimal digits or base64"];
            }

            // Whoever has used such a key for something else all the time goes on doing so.
            if (manifest.TryGetValue(plainKey, out var plain) && Parse(plain, algorithm) is { } found)
                declared = declared.Add(found);
        }

        return new ManifestDigests(declared, problems);
    }

    private static UploadDigest? Parse(string value, DigestAlgorithm algorithm)
    {
        var text = value.AsSpan().Trim();
        var bytes = new byte[algorithm.Bytes];
        if (text.Length == 2 * bytes.Length && Convert.FromHexString(text, bytes, out _, out var written) == OperationStatus.Done)
            return new UploadDigest(algorithm, bytes);
        return Convert.TryFromBase64Chars(text, bytes, out written) && written == bytes.Length ? new UploadDigest(algorithm, bytes) : null;
    }
}
