using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Makes the writing ends of targets that are buckets.</summary>
internal sealed class S3DestinationFactory(
    S3Connections connections, PartMemory memory, IOptions<TransferOptions> options, IDeliveryPaths paths, TimeProvider clock, ILogger<S3Destination> logger)
    : IDestinationFactory
{
    public IDeliveryDestination? Create(DeliveryTarget target) =>
        target is S3Target s3 ? Create(s3, connections.For(s3), (path, token) => paths.IsOursAsync(s3.Key, path, token)) : null;

    private S3Destination Create(S3Target target, S3Connection connection, Func<string, CancellationToken, Task<bool>> isOurs)
    {
        var pump = new PartPump(memory, options.Value.ParallelParts);
        var check = new S3ObjectCheck(pump, memory, options.Value);
        var uploads = new S3MultipartUploads(connection, target.BucketName, clock, logger);
        return new S3Destination(
            target.Name, connection, target.BucketName, uploads,
            new S3ServerSideCopy(connection, target.BucketName, uploads, check, options.Value, clock, logger),
            new S3ObjectWriter(connection, target.BucketName, uploads, check, pump, memory, options.Value),
            isOurs);
    }
}
