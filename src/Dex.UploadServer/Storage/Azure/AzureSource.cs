using System.Collections.Immutable;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Finished uploads in a container, as deliveries read them.</summary>
/// <param name="prefix">Of the uploads' names.</param>
internal sealed class AzureSource(AzureContainer container, string prefix, PartMemory memory, IOptions<TransferOptions> options)
    : ObjectSource(prefix, "unable to retrieve blob", memory, options)
{
    public override string NotFoundMessage => "source file does not exist";

    protected override async Task<FoundObject?> LookAsync(string key, CancellationToken cancellationToken)
    {
        var place = new AzurePlace(container, key);
        try
        {
            // Blocks that are not committed do not show: it is there when it is complete.
            var found = await container.RepeatAsync(
                async (client, token) => (await client.GetBlobClient(key).GetPropertiesAsync(cancellationToken: token)).Value, cancellationToken);
            return new FoundObject(
                place.Stored(found.ETag), found.ContentLength, new AzureBlobReader(place, found.ETag), new AzureReadLink(place, found.ETag),
                found.Metadata.ToImmutableSortedDictionary(StringComparer.Ordinal));
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    protected override Task<byte[]?> ReadDocumentAsync(string key, int mostBytes, CancellationToken cancellationToken) =>
        AzureSmallBlob.ReadAsync(container, key, mostBytes, cancellationToken);
}
