using System.Text;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>A target that is a bucket (spec: delivery.md 5, reliability.md 5).</summary>
/// <param name="name">The target's plain name.</param>
/// <param name="isOurs">Whether this server delivers, or has delivered, to that key of the target.</param>
internal sealed class S3Destination(
    string name, S3Connection connection, string bucket, S3MultipartUploads uploads, S3ServerSideCopy copy, S3ObjectWriter writer,
    Func<string, CancellationToken, Task<bool>> isOurs) : IDeliveryDestination
{
    private const int MostKeyBytes = 1024;

    /// <summary>The target's plain name.</summary>
    public string Name => name;

    public static S3Destination Create(
        S3Target target, S3Connection connection, PartMemory memory, TransferOptions options, Func<string, CancellationToken, Task<bool>> isOurs, TimeProvider clock, ILogger logger)
    {
        var pump = new PartPump(memory, options.ParallelParts);
        var check = new S3ObjectCheck(pump, memory, options);
        var uploads = new S3MultipartUploads(connection, target.BucketName, clock, logger);
        return new S3Destination(
            target.Name, connection, target.BucketName, uploads,
            new S3ServerSideCopy(connection, target.BucketName, uploads, check, options, clock, logger),
            new S3ObjectWriter(connection, target.BucketName, uploads, check, pump, memory, options),
            isOurs);
    }

    public async ValueTask<DeliveredFile> DeliverAsync(SourceFile source, string path, IProgress<long> progress, CancellationToken cancellationToken)
    {
        if (Encoding.UTF8.GetByteCount(path) > MostKeyBytes)
            throw new DeliveryRefusedException($"the delivered path has more than {MostKeyBytes} bytes");

        var metadata = S3Metadata.Of(source.Metadata);
        long total = 0;
        void Moved(int bytes) => progress.Report(Interlocked.Add(ref total, bytes));
        try
        {
            if (!await copy.TryAsync(source, path, metadata, Moved, cancellationToken))
                await writer.WriteAsync(source, path, metadata, Moved, cancellationToken);
        }
        catch (StoreCallException failure)
        {
            throw failure.ForDestination($"failed to upload file to {bucket} {path}: {failure.Message}");
        }

        return new DeliveredFile(connection.Account.AddressOf(bucket, path), metadata.Warnings);
    }

    public async ValueTask PrepareAsync(DateTimeOffset startedAt, CancellationToken cancellationToken) =>
        await uploads.AbortLeftoversAsync(startedAt, isOurs, cancellationToken);

    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        if (await S3Bucket.FindProblemAsync(connection, bucket, cancellationToken) is { } problem)
            throw new IOException(problem);
    }
}
