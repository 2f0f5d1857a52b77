using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Info;

/// <summary>Where the state of uploads is served.</summary>
internal sealed class InfoOptions
{
    /// <summary>Always served.</summary>
    public const string UsualPath = "/info/";

    /// <summary>A second mount path, with a slash at both ends. Default <see cref="UsualPath"/>. <c>TUSD_HANDLER_INFO_PATH</c></summary>
    public string Path { get; set; } = UsualPath;

    public static void Read(InfoOptions options, EnvironmentReader env)
    {
        var path = env.Text("TUSD_HANDLER_INFO_PATH", options.Path).Trim().Trim('/');
        options.Path = path.Length == 0 ? "/" : $"/{path}/";
    }
}

internal sealed class InfoOptionsValidator : IValidateOptions<InfoOptions>
{
    private static readonly string[] s_fixedPaths = ["/", "/health/", "/metrics/", "/route/", "/version/"];

    public ValidateOptionsResult Validate(string? name, InfoOptions options)
    {
        if (s_fixedPaths.Contains(options.Path, StringComparer.OrdinalIgnoreCase))
            return ValidateOptionsResult.Fail($"TUSD_HANDLER_INFO_PATH is \"{options.Path}\"; that path is taken.");
        return options.Path.All(character => char.IsAsciiLetterOrDigit(character) || "/-_.~".Contains(character, StringComparison.Ordinal))
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"TUSD_HANDLER_INFO_PATH is \"{options.Path}\"; it must be a path of letters, digits, slashes and -_.~.");
    }
}
