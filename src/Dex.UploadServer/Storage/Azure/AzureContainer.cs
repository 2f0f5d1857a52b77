using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>One container, and the calls to it; see <see cref="AzureConnection"/> for which may be repeated.</summary>
internal sealed class AzureContainer(AzureConnection connection, string name)
{
    private BlobContainerClient? _client;

    public AzureConnection Connection => connection;

    public string Name => name;

    public Task<T> RepeatAsync<T>(Func<BlobContainerClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        connection.RepeatAsync((service, token) => call(ClientOf(service), token), cancellationToken);

    public Task<T> OnceAsync<T>(Func<BlobContainerClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        connection.OnceAsync((service, token) => call(ClientOf(service), token), cancellationToken);

    /// <summary>Makes the container if it is not there, so far as we may know.</summary>
    /// <exception cref="StoreCallException">It is not there and cannot be made.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (!await MayExistAsync(cancellationToken))
            await RepeatAsync((client, token) => client.CreateIfNotExistsAsync(cancellationToken: token), cancellationToken);
    }

    /// <summary>Null when all is well, else what is wrong, for people. Creates nothing.</summary>
    public async ValueTask<string?> FindProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            await OnceAsync(Look, cancellationToken);
            return null;
        }
        catch (StoreCallException error)
        {
            // A HEAD has no body to tell what is missing, but there is only one thing.
            return $"container {name}: {(error.Failure == StoreFailure.NotFound ? "no such container" : error.Message)}";
        }
    }

    // A SAS or a role may allow to write to a container, and neither to look at it nor to make one.
    private async Task<bool> MayExistAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await RepeatAsync(Look, cancellationToken);
        }
        catch (StoreCallException unknown) when (unknown.Failure is StoreFailure.NotFound or StoreFailure.NoBucket or StoreFailure.Denied)
        {
            return unknown.Failure == StoreFailure.Denied;
        }
    }

    // Reading one name works with the rights to the container's blobs alone; asking for its properties does not.
    private static async Task<bool> Look(BlobContainerClient client, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var page in client.GetBlobsAsync(cancellationToken: cancellationToken).AsPages(pageSizeHint: 1))
                return page is not null;
            return true;
        }
        catch (RequestFailedException denied) when (denied.ErrorCode == BlobErrorCode.AuthorizationPermissionMismatch)
        {
            return await LookForBlobAsync(client, cancellationToken);
        }
    }

    // With the right to read and none to list, a blob that is not there shows as much.
    private static async Task<bool> LookForBlobAsync(BlobContainerClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.GetBlobClient("no-such-blob").GetPropertiesAsync(cancellationToken: cancellationToken);
            return true;
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return true;
        }
    }

    private BlobContainerClient ClientOf(BlobServiceClient service) => _client ??= service.GetBlobContainerClient(name);
}
