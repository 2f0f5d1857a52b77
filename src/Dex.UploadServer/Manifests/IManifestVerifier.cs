using System.Collections.Immutable;

namespace Dex.UploadServer.Manifests;

/// <summary>Checks a manifest against the rules of its data stream and route (spec: manifests.md 3 to 5 and 9).</summary>
internal interface IManifestVerifier
{
    /// <exception cref="ManifestConfigUnreadableException">The rules exist and cannot be read: 500, not a verdict.</exception>
    ValueTask<ManifestVerdict> VerifyAsync(ImmutableSortedDictionary<string, string> manifest, CancellationToken cancellationToken);
}

/// <summary>What the rules say of a sender's manifest; accepted when there is nothing to say.</summary>
/// <param name="Problems">All lines in the order produced, as the 400 body lists them.</param>
internal sealed record ManifestVerdict(ImmutableArray<string> Problems)
{
    public bool Accepted => Problems.IsEmpty;
}

/// <summary>A manifest config that exists but cannot be loaded or parsed. The message is safe to show.</summary>
internal sealed class ManifestConfigUnreadableException : Exception
{
    public ManifestConfigUnreadableException() { }
    public ManifestConfigUnreadableException(string message) : base(message) { }
    public ManifestConfigUnreadableException(string message, Exception innerException) : base(message, innerException) { }
}
