using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Makes the writing ends of targets that are folders.</summary>
internal sealed class FileSystemDestinationFactory(UploadDurability durability) : IDestinationFactory
{
    public IDeliveryDestination? Create(DeliveryTarget target) =>
        target is FileTarget file ? new FileSystemDestination(file.Name, file.Path, flush: durability != UploadDurability.None) : null;
}
