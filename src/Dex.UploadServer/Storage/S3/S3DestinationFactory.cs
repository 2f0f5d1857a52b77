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
    public IDeliveryDestination? Create(DeliveryTarget target) => target is S3Target s3
        ? S3Destination.Create(s3, connections.For(s3), memory, options.Value, (path, token) => paths.IsOursAsync(s3.Key, path, token), clock, logger)
        : null;
}
