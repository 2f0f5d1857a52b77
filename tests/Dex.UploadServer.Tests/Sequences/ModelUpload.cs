namespace Dex.UploadServer.Tests.Sequences;

/// <summary>What an upload must be by the protocol's rules.</summary>
/// <param name="Content">Every byte that counts.</param>
/// <param name="Length">Null while it is deferred.</param>
internal sealed record ModelUpload(string Id, byte[] Content, long? Length)
{
    public bool IsPart { get; init; }

    /// <summary>Uploads that a final one is joined from; null for any other.</summary>
    public IReadOnlyList<ModelUpload>? Parts { get; init; }

    /// <summary>A final upload some of whose parts are not complete yet.</summary>
    public bool IsWaiting { get; init; }

    /// <summary>A final upload that waited for a part which was deleted.</summary>
    public bool IsLost { get; init; }

    public bool IsDeleted { get; init; }

    /// <summary>Sent and perhaps stored behind <see cref="Content"/>, before the connection was reset.</summary>
    public byte[] Perhaps { get; init; } = [];

    /// <summary>Whether completion has been reached, also if it was deleted later.</summary>
    public bool WasComplete { get; init; }

    public long Offset => Content.Length;

    public bool IsComplete => Content.Length == Length;

    public ModelUpload With(ReadOnlySpan<byte> more, long? length)
    {
        var grown = this with { Content = [.. Content, .. more], Length = length };
        return grown with { WasComplete = grown.IsComplete };
    }

    /// <summary>The same, now that the server has told how much it has.</summary>
    public ModelUpload At(long offset)
    {
        Assert.InRange(offset, Offset, Offset + Perhaps.Length);
        return With(Perhaps.AsSpan(0, (int)(offset - Offset)), Length) with { Perhaps = [] };
    }
}
