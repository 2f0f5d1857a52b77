using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Where the configurable routes are mounted (spec: config.md 2.1, 6.7).</summary>
internal sealed class RoutePathOptions
{
    /// <summary>Mount path of tus, with leading and trailing slash. Default <c>/files/</c>. <c>TUSD_HANDLER_BASE_PATH</c></summary>
    public string UploadsPath { get; set; } = "/files/";

    /// <summary>The whole of <c>TUSD_HANDLER_BASE_PATH</c> if it is an absolute URL: what uploads are named by, whatever host a request names. Its path is mounted (spec: tus.md FW1).</summary>
    public string? UploadsUrl { get; set; }

    /// <summary>Second mount path of upload information, beside <c>/info/</c>, with leading and trailing slash. Default <c>/info/</c>. <c>TUSD_HANDLER_INFO_PATH</c></summary>
    public string InfoPath { get; set; } = FixedInfoPath;

    internal const string FixedInfoPath = "/info/";

    public static void Read(RoutePathOptions options, EnvironmentReader env)
    {
        var uploads = env.Text("TUSD_HANDLER_BASE_PATH", options.UploadsPath).Trim();
        if (uploads.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || uploads.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            options.UploadsUrl = uploads.EndsWith('/') ? uploads : uploads + "/";
            var authority = uploads.IndexOf("//", StringComparison.Ordinal) + 2;
            uploads = uploads.IndexOf('/', authority) is >= 0 and var path ? uploads[path..] : "/";
        }

        options.UploadsPath = Normalize(uploads);
        options.InfoPath = Normalize(env.Text("TUSD_HANDLER_INFO_PATH", options.InfoPath));
    }

    private static string Normalize(string path)
    {
        path = path.Trim();
        return (path.StartsWith('/') ? "" : "/") + path + (path.EndsWith('/') ? "" : "/");
    }
}

internal sealed class RoutePathOptionsValidator : IValidateOptions<RoutePathOptions>
{
    private static readonly string[] OtherFixedPaths = ["/route/", "/health/", "/version/", "/metrics/"];

    public ValidateOptionsResult Validate(string? name, RoutePathOptions options)
    {
        List<string> problems =
        [
            .. FindProblems("TUSD_HANDLER_BASE_PATH", options.UploadsPath, [RoutePathOptions.FixedInfoPath, .. OtherFixedPaths]),
            .. FindProblems("TUSD_HANDLER_INFO_PATH", options.InfoPath, OtherFixedPaths),
        ];
        if (options.UploadsUrl is { } url && !IsPlainUrl(url))
            problems.Add("TUSD_HANDLER_BASE_PATH must, as a URL, have a host and a path, and no user, query or fragment.");
        if (Overlap(options.UploadsPath, options.InfoPath))
            problems.Add($"TUSD_HANDLER_BASE_PATH and TUSD_HANDLER_INFO_PATH collide: {options.UploadsPath} and {options.InfoPath}.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> FindProblems(string variable, string path, string[] taken)
    {
        if (path == "/")
            yield return $"{variable} is \"/\"; the root is taken by the banner.";
        else if (!PathSegments.ArePlain(path[1..^1]) || path.AsSpan().ContainsAnyExcept(PlainCharacters))
            yield return $"{variable} must be a path of plain segments: letters, digits and - . _ ~, without dot segments.";
        else if (taken.FirstOrDefault(fixedPath => Overlap(path, fixedPath)) is { } collision)
            yield return $"{variable} is \"{path}\"; it collides with the fixed route {collision.TrimEnd('/')}.";
    }

    // It goes into response headers as it is.
    private static bool IsPlainUrl(string url) =>
        !url.AsSpan().ContainsAnyExceptInRange('!', '~')
        && Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri is { UserInfo: "", Query: "", Fragment: "" };

    // Routing does not look at case.
    private static bool Overlap(string one, string other) =>
        one.StartsWith(other, StringComparison.OrdinalIgnoreCase) || other.StartsWith(one, StringComparison.OrdinalIgnoreCase);

    private static readonly System.Buffers.SearchValues<char> PlainCharacters =
        System.Buffers.SearchValues.Create("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}
