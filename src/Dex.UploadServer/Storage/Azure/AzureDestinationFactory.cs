using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Makes the writing ends of targets that are containers.</summary>
internal sealed class AzureDestinationFactory(
    AzureConnections connections, PartMemory memory, IOptions<TransferOptions> options, TimeProvider clock, ILogger<AzureDestination> logger) : IDestinationFactory
{
    public IDeliveryDestination? Create(DeliveryTarget target) => target is AzureBlobTarget blob
        ? AzureDestination.Create(blob.Name, connections.For(blob).Container(blob.ContainerName), memory, options.Value, clock, logger)
        : null;
}
