using Dex.Tus.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Dex.Tus.Dialects;

/// <summary>Metadata of a draft creation: <c>Upload-Metadata</c>, and what plain HTTP headers say of a file (spec: tus.md MD5, DR11).</summary>
internal static class DraftMetadata
{
    public static UploadMetadata Read(IHeaderDictionary headers)
    {
        var metadata = UploadMetadata.Parse(headers[TusHeaders.UploadMetadata].ToString());
        if (MediaTypeHeaderValue.TryParse(headers.ContentType.ToString(), out var type) && type.MediaType.HasValue)
            metadata = WithMissing(metadata, "filetype", type.MediaType.Value);
        if (ContentDispositionHeaderValue.TryParse(headers.ContentDisposition.ToString(), out var disposition))
        {
            var name = disposition.FileNameStar.HasValue ? disposition.FileNameStar.Value : HeaderUtilities.RemoveQuotes(disposition.FileName).Value;
            if (name is { Length: > 0 })
                metadata = WithMissing(metadata, "filename", name);
        }

        return metadata;
    }

    // What the sender put into the manifest by hand counts more than what its HTTP library added.
    private static UploadMetadata WithMissing(UploadMetadata metadata, string key, string value) =>
        metadata.TryGetText(key, out _) ? metadata : metadata.With(key, value);
}
