using Dex.UploadServer.Delivery.Configuration;

namespace Dex.UploadServer.Delivery;

/// <summary>Makes the writing ends for the targets of one storage backend.</summary>
internal interface IDestinationFactory
{
    /// <summary>The writing end of a target, or null if it is of another backend.</summary>
    IDeliveryDestination? Create(DeliveryTarget target);
}
