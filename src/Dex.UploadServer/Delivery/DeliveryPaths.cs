using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Delivery;

/// <summary>Looks paths up in the ledger.</summary>
internal sealed class DeliveryPaths(ILedger ledger) : IDeliveryPaths
{
    public Task<bool> IsOursAsync(string targetKey, string path, CancellationToken cancellationToken) => ledger.HasDeliveryAsync(targetKey, path, cancellationToken);
}
