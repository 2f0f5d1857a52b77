using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Where uploads are kept (spec: config.md 2.1, 2.4, storage-layout.md 2).</summary>
internal sealed class UploadFolderOptions
{
    /// <summary>Base folder of the file backend, relative to the working directory. Default <c>./uploads</c>. <c>LOCAL_FOLDER_UPLOADS_TUS</c>, else <c>LOCAL_FOLDER_UPLOAD_TUS</c></summary>
    public string BaseFolder { get; set; } = "./uploads";

    /// <summary>Sub-folder or key prefix of uploads in every backend, without slash at either end. Default <c>tus-prefix</c>. <c>TUS_UPLOAD_PREFIX</c></summary>
    public string Prefix { get; set; } = "tus-prefix";

    public static void Read(UploadFolderOptions options, EnvironmentReader env)
    {
        // The manual spells the variable in both ways.
        options.BaseFolder = env.Text("LOCAL_FOLDER_UPLOADS_TUS", env.Text("LOCAL_FOLDER_UPLOAD_TUS", options.BaseFolder));
        options.Prefix = env.Text("TUS_UPLOAD_PREFIX", options.Prefix).Trim().Trim('/');
    }
}

internal sealed class UploadFolderOptionsValidator : IValidateOptions<UploadFolderOptions>
{
    public ValidateOptionsResult Validate(string? name, UploadFolderOptions options) =>
        !PathSegments.ArePlain(options.Prefix)
            ? ValidateOptionsResult.Fail("TUS_UPLOAD_PREFIX must be a plain relative path, without empty or dot segments.")
        : options.BaseFolder.Contains('\0', StringComparison.Ordinal)
            ? ValidateOptionsResult.Fail("LOCAL_FOLDER_UPLOADS_TUS is not a path.")
        : ValidateOptionsResult.Success;
}
