using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Documents: blobs that are read as a whole.</summary>
internal static class AzureSmallBlob
{
    /// <returns>Null if there is no such blob.</returns>
    /// <exception cref="InvalidDataException">It is larger than <paramref name="mostBytes"/>.</exception>
    /// <exception cref="StoreCallException">The store failed; also if there is no such container.</exception>
    public static async Task<byte[]?> ReadAsync(AzureContainer container, string name, int mostBytes, CancellationToken cancellationToken)
    {
        try
        {
            return await container.RepeatAsync((client, token) => DownloadAsync(client.GetBlobClient(name), mostBytes, token), cancellationToken);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    private static async Task<byte[]> DownloadAsync(BlobClient blob, int mostBytes, CancellationToken cancellationToken)
    {
        using var answer = (await blob.DownloadStreamingAsync(new BlobDownloadOptions(), cancellationToken)).Value;
        if (answer.Details.ContentLength > mostBytes)
            throw new InvalidDataException($"larger than {mostBytes} bytes");
        var content = new byte[answer.Details.ContentLength];
        await answer.Content.ReadExactlyAsync(content, cancellationToken);
        return content;
    }
}
