using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>A finished upload in an object store.</summary>
internal sealed class ObjectSourceFile(StoredObject stored, IRangeReader ranges, IReadLink? link, PartMemory memory, TransferOptions options) : SourceFile
{
    public override StoredObject StoredObject => stored;

    public override IRangeReader Ranges => ranges;

    public override IReadLink? Link => link;

    public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<Stream>(new ReadAheadStream(ranges, new PartPlan(Length, options.PartBytes), memory, options.ParallelParts));
}
