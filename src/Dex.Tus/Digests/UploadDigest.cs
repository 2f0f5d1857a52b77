namespace Dex.Tus.Digests;

/// <summary>A digest: of a request's content, or of a whole upload.</summary>
public sealed class UploadDigest : IEquatable<UploadDigest>
{
    private readonly byte[] _value;

    /// <param name="algorithm">How it was computed.</param>
    /// <param name="value">As many bytes as the algorithm has.</param>
    public UploadDigest(DigestAlgorithm algorithm, ReadOnlySpan<byte> value)
    {
        if (value.Length != algorithm.Bytes)
            throw new ArgumentException($"a {algorithm} digest has {algorithm.Bytes} bytes", nameof(value));
        Algorithm = algorithm;
        _value = value.ToArray();
    }

    public DigestAlgorithm Algorithm { get; }

    public ReadOnlySpan<byte> Value => _value;

    /// <summary>The value in lower-case hexadecimal digits.</summary>
    public string Hex => Convert.ToHexStringLower(_value);

    /// <summary>Whether it is the digest of no bytes at all.</summary>
    public bool IsOfNothing()
    {
        using var nothing = new RunningDigests([Algorithm]);
        return Equals(nothing.Find(Algorithm));
    }

    /// <summary>As a member of a digest field: <c>sha-256=:…:</c>.</summary>
    public string ToField() => $"{Algorithm.Name}=:{Convert.ToBase64String(_value)}:";

    public bool Equals(UploadDigest? other) => other is not null && other.Algorithm == Algorithm && other.Value.SequenceEqual(_value);

    public override bool Equals(object? obj) => Equals(obj as UploadDigest);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Algorithm);
        hash.AddBytes(_value);
        return hash.ToHashCode();
    }

    public override string ToString() => $"{Algorithm} {Hex}";
}
