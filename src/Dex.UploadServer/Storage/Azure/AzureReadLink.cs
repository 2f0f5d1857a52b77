using Azure;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Addresses of a blob with a signature that allows to read it.</summary>
/// <param name="tag">Of the version.</param>
internal sealed class AzureReadLink(AzurePlace place, ETag tag) : IReadLink
{
    public const string AzureProvider = "Azure";

    public string Provider => AzureProvider;

    public async ValueTask<Uri?> MakeAsync(TimeSpan life, CancellationToken cancellationToken)
    {
        try
        {
            return await place.Container.Connection.Sas.ReadAddressAsync(place.Container.Name, place.Name, life, cancellationToken);
        }
        catch (StoreCallException failure)
        {
            throw Unreadable(failure);
        }
    }

    public async ValueTask<bool> IsUnchangedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await place.Container.RepeatAsync((client, token) => client.GetBlobClient(place.Name).GetPropertiesAsync(cancellationToken: token), cancellationToken);
            return found.Value.ETag == tag;
        }
        catch (StoreCallException failure)
        {
            throw Unreadable(failure);
        }
    }

    private static DeliverySourceException Unreadable(StoreCallException failure) => failure.ForSource($"unable to retrieve blob: {failure.Message}");
}
