using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.UploadServer.Hosting;

/// <summary>Sends requests with doubled slashes or dot segments to the cleaned path (spec: http-api.md 1).</summary>
/// <remarks>
/// Judges the target as it was written, since the server resolves dot segments before routing, the encoded ones too.
/// Clean paths cost one scan and no allocation.
/// </remarks>
internal sealed class CleanPaths(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (!IsDirty(target))
            return next(http);
        http.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        http.Response.Headers.Location = Clean(target);
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    /// <summary>Whether the path of a request target has an empty or dot segment.</summary>
    public static bool IsDirty(string target)
    {
        var path = PathOf(target);
        for (var slash = path.IndexOf('/'); slash >= 0;)
        {
            path = path[(slash + 1)..];
            slash = path.IndexOf('/');
            if (slash == 0 || DotsOf(path[..(slash < 0 ? path.Length : slash)]) > 0)
                return true;
        }

        return false;
    }

    /// <summary>The path without empty and dot segments, with the query as it was.</summary>
    public static string Clean(string target)
    {
        var path = PathOf(target);
        var query = target.AsSpan().IndexOf('?') is >= 0 and var at ? target.AsSpan(at) : [];
        var kept = new List<string>();
        foreach (var range in path.Split('/'))
        {
            var dots = DotsOf(path[range]);
            if (dots == 2 && kept.Count > 0)
                kept.RemoveAt(kept.Count - 1);
            else if (dots == 0 && !path[range].IsEmpty)
                kept.Add(path[range].ToString());
        }

        var cleaned = new StringBuilder();
        foreach (var segment in kept)
            Append(cleaned.Append('/'), segment);
        if (kept.Count == 0 || path.EndsWith('/'))
            cleaned.Append('/');
        return Append(cleaned, query).ToString();
    }

    // 1 or 2 for a dot segment, encoded or not; 0 for any other.
    private static int DotsOf(ReadOnlySpan<char> segment)
    {
        var dots = 0;
        for (; !segment.IsEmpty; dots++)
        {
            var width = segment[0] == '.' ? 1 : segment.StartsWith("%2e", StringComparison.OrdinalIgnoreCase) ? 3 : 0;
            if (width == 0 || dots == 2)
                return 0;
            segment = segment[width..];
        }

        return dots;
    }

    // Of an absolute-form target only what follows the authority is a path; "*" has none.
    private static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> target)
    {
        if (target.IndexOf('?') is >= 0 and var query)
            target = target[..query];
        if (target.StartsWith('/'))
            return target;
        var authority = target.IndexOf("://", StringComparison.Ordinal);
        if (authority < 0)
            return [];
        target = target[(authority + 3)..];
        return target.IndexOf('/') is >= 0 and var slash ? target[slash..] : [];
    }

    // Browsers read a backslash as a slash, so "/\host" would lead away; other odd characters would break the header.
    private static StringBuilder Append(StringBuilder cleaned, ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (Safe.Contains(character))
                cleaned.Append(character);
            else
                cleaned.Append('%').Append(((int)character).ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return cleaned;
    }

    private static readonly SearchValues<char> Safe =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~%!$&'()*+,;=:@/?[]");
}
