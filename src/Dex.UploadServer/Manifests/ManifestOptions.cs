using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Manifests;

/// <summary>Where manifest configs are found, and how soon a change is noticed.</summary>
internal sealed class ManifestOptions
{
    private const string UsualFolder = "../upload-configs";
    private const string RepositoryFolder = "./upload-configs";

    /// <summary>Folder of manifest configs, relative to the working directory. Default <c>../upload-configs</c>, or <c>./upload-configs</c> if only that exists. <c>UPLOAD_CONFIG_PATH</c></summary>
    public string Folder { get; set; } = UsualFolder;

    /// <summary>After this time a cached config is compared with its source again; 0 is every time. Default 60 s. <c>MANIFEST_CONFIG_REFRESH_SECONDS</c></summary>
    public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromSeconds(60);

    public static void Read(ManifestOptions options, EnvironmentReader env)
    {
        options.Folder = env.OptionalText("UPLOAD_CONFIG_PATH")
            ?? (!Directory.Exists(UsualFolder) && Directory.Exists(RepositoryFolder) ? RepositoryFolder : UsualFolder);
        options.RefreshAfter = env.Seconds("MANIFEST_CONFIG_REFRESH_SECONDS", options.RefreshAfter);
    }
}

internal sealed class ManifestOptionsValidator : IValidateOptions<ManifestOptions>
{
    public ValidateOptionsResult Validate(string? name, ManifestOptions options) =>
        options.RefreshAfter >= TimeSpan.Zero
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("MANIFEST_CONFIG_REFRESH_SECONDS must be 0 or more.");
}
