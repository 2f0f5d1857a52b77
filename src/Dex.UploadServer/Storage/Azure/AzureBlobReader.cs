using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Reads ranges of one blob.</summary>
/// <param name="tag">Of the version.</param>
internal sealed class AzureBlobReader(AzurePlace place, ETag tag) : ObjectRangeReader("unable to retrieve blob")
{
    protected override Task FetchRepeatedlyAsync(WantedRange wanted, CancellationToken cancellationToken) =>
        place.Container.RepeatAsync((client, token) => FetchAsync(client.GetBlobClient(place.Name), wanted, token), cancellationToken);

    private async Task<bool> FetchAsync(BlobClient blob, WantedRange wanted, CancellationToken cancellationToken)
    {
        if (wanted.IsWhole)
            return true; // all had come before the answer broke off
        var options = new BlobDownloadOptions
        {
            Range = new HttpRange(wanted.Offset, wanted.Missing),
            Conditions = new BlobRequestConditions { IfMatch = tag },
        };
        using var answer = (await blob.DownloadStreamingAsync(options, cancellationToken)).Value;
        if (answer.Details.ContentLength != wanted.Missing || answer.Details.ETag != tag)
            throw new StoreCallException("the store answered with other bytes than were asked for");
        await wanted.FillAsync(answer.Content, cancellationToken);
        return true;
    }
}
