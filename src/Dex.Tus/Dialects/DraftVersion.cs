using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Dialects;

/// <summary>Which text of the IETF draft a request follows (spec: tus.md 18.1).</summary>
/// <param name="Interop">Value of <c>Upload-Draft-Interop-Version</c>; null for a client of the text without it.</param>
internal readonly record struct DraftVersion(int? Interop)
{
    /// <summary>Appends need <c>application/partial-upload</c>, and errors are problem documents.</summary>
    public bool HasMediaTypes => Interop is null or >= 6;

    /// <summary>The draft that a request speaks, or null if it is tus 1.0's to answer (R6).</summary>
    public static DraftVersion? Of(HttpRequest request, string method)
    {
        var headers = request.Headers;
        if (headers.ContainsKey(TusHeaders.Resumable) || method == HttpMethods.Options)
            return null;
        if (headers[TusHeaders.InteropVersion] is { Count: > 0 } interop)
            return interop is [{ Length: 1 } digit] && digit[0] is >= '3' and <= '8' ? new DraftVersion(digit[0] - '0') : null;
        return method is "POST" or "PATCH" or "PUT" && StructuredField.ReadBoolean(headers[TusHeaders.UploadComplete]) is not null
            ? new DraftVersion(null)
            : null;
    }

    /// <summary>Whether the request says that its content ends the upload; absent is no.</summary>
    public bool ReadsComplete(IHeaderDictionary headers) => Interop == 3
        ? StructuredField.ReadBoolean(headers[TusHeaders.UploadIncomplete]) == false
        : StructuredField.ReadBoolean(headers[TusHeaders.UploadComplete]) == true;

    /// <summary>Says on an answer whether the upload is complete.</summary>
    public void WriteComplete(IHeaderDictionary headers, bool isComplete)
    {
        if (Interop == 3)
            headers[TusHeaders.UploadIncomplete] = isComplete ? "?0" : "?1";
        else
            headers[TusHeaders.UploadComplete] = isComplete ? "?1" : "?0";
    }

    /// <summary>Says which text the answer follows, in its client's words (DR2).</summary>
    public void WriteEcho(IHeaderDictionary headers)
    {
        if (Interop is { } interop)
            headers[TusHeaders.InteropVersion] = new StringValues(Answers.Number(interop));
    }
}
