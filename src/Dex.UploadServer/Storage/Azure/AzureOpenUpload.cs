using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>An upload whose parts are blocks.</summary>
internal sealed class AzureOpenUpload(StoredUpload upload, AzureUploadBlocks blocks, AzureTails tails, TimeProvider clock) : OpenUpload(upload, tails)
{
    /// <summary>Blocks vanish a week after the last one, whatever is in the tail. So a tail does not grow for longer than this.</summary>
    private static readonly TimeSpan s_longestRest = TimeSpan.FromDays(1);

    private DateTimeOffset? _sentAt = upload.Tail?.SentAt;

    public override bool MustSend => !Upload.Parts.IsEmpty && (_sentAt is not { } sentAt || clock.GetUtcNow() - sentAt > s_longestRest);

    // Blocks that were marked count again, now that others have taken their places.
    public override bool NeedsTail => base.NeedsTail || Upload.Tail is { Stray.IsEmpty: false };

    protected override DateTimeOffset? SentAt => _sentAt;

    // A block can neither be removed nor be made empty. So those beyond a gap are marked, before the gap is closed.
    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (Upload.Stray.All(number => Upload.Tail?.Stray.Contains(number) == true))
            return;
        var tail = Upload.Tail is { } found
            ? await tails.MarkAsync(Upload.Id, found, found with { Stray = Upload.Stray }, cancellationToken)
            : await tails.PutAsync(Upload.Id, null, Upload.NextTail(Upload.Checksum, Upload.ModifiedAt) with { Stray = Upload.Stray }, () => new MemoryStream(), cancellationToken);
        Upload = Upload with { Tail = tail };
    }

    public override async Task<StoredPart> SendAsync(int number, PooledPart part, CancellationToken cancellationToken)
    {
        var sent = await blocks.PutAsync(Upload.Id, number, part.Length, part.OpenRead, cancellationToken);
        _sentAt = clock.GetUtcNow();
        return sent;
    }
}
