using System.Text;
using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;

namespace Dex.Tus.Dialects;

/// <summary>A whole file in one request of plain HTTP, by a client that knows no resumable protocol (docs/adr/0012).</summary>
/// <param name="IsForm">The body is a form, with the manifest in its fields; else it is the file itself.</param>
/// <param name="FileName">The last segment of a PUT's path, which need not be a usable name; null without one.</param>
internal readonly record struct PlainRequest(bool IsForm, string? FileName)
{
    private const string MultipartForm = "multipart/form-data";
    private const int MostNameBytes = 255;

    // One of these, and the request belongs to a resumable protocol, however badly it speaks it.
    private static readonly string[] ResumableHeaders =
    [
        TusHeaders.Resumable, TusHeaders.InteropVersion, TusHeaders.UploadLength, TusHeaders.UploadDeferLength, TusHeaders.UploadOffset,
        TusHeaders.UploadConcat, TusHeaders.UploadComplete, TusHeaders.UploadIncomplete, ChecksumHeader.Name, TusHeaders.MethodOverride,
    ];

    /// <summary>Whether the last segment can be a file's name: one plain segment, and nothing that begins like an upload's address.</summary>
    public bool HasUsableName => FileName is null || IsUsable(FileName);

    /// <summary>The request as a plain upload, or null if it is for a resumable dialect to answer.</summary>
    public static PlainRequest? Of(HttpRequest request, UploadPath path, string mountPath)
    {
        var isPost = HttpMethods.IsPost(request.Method) && path.IsCollection;
        if (!isPost && !(HttpMethods.IsPut(request.Method) && path.UploadId is null))
            return null;
        foreach (var header in ResumableHeaders)
        {
            if (request.Headers.ContainsKey(header))
                return null;
        }

        if (isPost && Requests.HasMediaType(request.Headers.ContentType, MultipartForm))
            return new PlainRequest(true, null);
        if (!request.Headers.ContainsKey(TusHeaders.UploadMetadata) || !AnnouncesFile(request, isPost))
            return null;
        return new PlainRequest(false, path.IsCollection ? null : request.Path.Value![mountPath.Length..]);
    }

    // A request that says nothing of a body has none, yet is no empty file; an empty POST is how a tus client looks that forgot its version.
    private static bool AnnouncesFile(HttpRequest request, bool isPost) =>
        Requests.ContentLengthOf(request.HttpContext) != 0 || (!isPost && request.ContentLength == 0);

    private static bool IsUsable(string name)
    {
        if (name is "" or "." or ".." || Encoding.UTF8.GetByteCount(name) > MostNameBytes)
            return false;
        foreach (var character in name)
        {
            if (character is '/' or '\\' || char.IsControl(character))
                return false;
        }

        // An encoded slash is left encoded by the server.
        return !name.Contains("%2F", StringComparison.OrdinalIgnoreCase)
            && !(name.Length >= 36 && UploadId.IsValid(name.AsSpan(0, 36)));
    }
}
