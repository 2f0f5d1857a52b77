namespace Dex.UploadServer.Storage.Objects;

/// <summary>An upload that takes bytes, and how its store is given them.</summary>
/// <param name="upload">As it was found.</param>
internal abstract class OpenUpload(StoredUpload upload, IUploadTails tails)
{
    /// <summary>The upload as far as it is stored for sure.</summary>
    public StoredUpload Upload { get; protected set; } = upload;

    /// <summary>Whether the next bytes must be sent as a part, however few.</summary>
    public virtual bool MustSend => false;

    /// <summary>Whether the end of a request has to leave a tail.</summary>
    public virtual bool NeedsTail => Upload.PartBytes != Upload.Length;

    /// <summary>When the last part was sent, where that has to be known.</summary>
    protected virtual DateTimeOffset? SentAt => null;

    /// <summary>Sees to it that no part beyond a gap will count when the gap is closed. Called before each part is filled.</summary>
    public abstract Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Sends a part; as often as it takes, for the same number and bytes are the same part.</summary>
    /// <param name="number">From 1.</param>
    public abstract Task<StoredPart> SendAsync(int number, PooledPart part, CancellationToken cancellationToken);

    /// <summary>Reads the last bytes of the tail, which are to be the first of the next part.</summary>
    public virtual Task ReadTailAsync(PooledPart into, long bytes, CancellationToken cancellationToken) =>
        tails.ReadAsync(Upload.Id, Upload.Tail!, bytes, into, cancellationToken);

    /// <summary>Counts parts that have been sent without a gap.</summary>
    public void Add(IReadOnlyList<StoredPart> sent)
    {
        if (sent.Count > 0)
            Upload = Upload.With(sent);
    }

    /// <summary>Keeps bytes that come after the parts, and what is known.</summary>
    /// <param name="bytes">Null for none.</param>
    public async Task PutTailAsync(PooledPart? bytes, RunningChecksum? checksum, DateTimeOffset modifiedAt, CancellationToken cancellationToken)
    {
        var tail = Upload.NextTail(checksum, modifiedAt);
        tail = tail with { SentAt = SentAt ?? tail.SentAt };
        tail = await tails.PutAsync(Upload.Id, Upload.Tail, tail, () => bytes?.OpenRead() ?? new MemoryStream(), cancellationToken);
        Upload = Upload with { Tail = tail };
    }
}
