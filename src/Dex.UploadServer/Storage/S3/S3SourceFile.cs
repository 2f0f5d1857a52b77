using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>A finished upload in a bucket.</summary>
internal sealed class S3SourceFile(S3Place place, string tag, PartMemory memory, TransferOptions options) : SourceFile
{
    public override StoredObject StoredObject => new(place.Connection.Account.Store, place.Bucket, place.Key, tag);

    public override IRangeReader Ranges { get; } = new S3ObjectReader(place, tag);

    public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<Stream>(new ReadAheadStream(Ranges, new PartPlan(Length, options.PartBytes), memory, options.ParallelParts));
}
