using Azure;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Where a blob is, or is to be.</summary>
internal sealed record AzurePlace(AzureContainer Container, string Name)
{
    /// <summary>The blob there, in that version.</summary>
    public StoredObject Stored(ETag tag) => new($"Azure {Container.Connection.Access.Endpoint.AbsoluteUri}", Container.Name, Name, tag.ToString("H"));
}
