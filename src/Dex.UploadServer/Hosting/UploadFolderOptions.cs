using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Where uploads are kept (spec: config.md 2.1, 2.4, storage-layout.md 2).</summary>
internal sealed class UploadFolderOptions
{
    /// <summary>Base folder of the file backend, relative to the working directory. Default <c>./uploads</c>. <c>LOCAL_FOLDER_UPLOADS_TUS</c>, else <c>LOCAL_FOLDER_UPLOAD_TUS</c></summary>
    public string BaseFolder { get; set; } = "./uploads";

    /// <summary>Sub-folder or key prefix of uploads in every backend, without slash at either end. Default <c>tus-prefix</c>. <c>TUS_UPLOAD_PREFIX</c></summary>
    public string Prefix { get; set; } = "tus-prefix";

    /// <summary>Bytes that must be free on the disk of the base folder for an upload to be created; 0 for no such limit. <c>UPLOAD_FREE_SPACE_RESERVE</c></summary>
    public long FreeSpaceReserve { get; set; }

    public static void Read(UploadFolderOptions options, EnvironmentReader env)
    {
        // The manual spells the variable in both ways.
        options.BaseFolder = env.Text("LOCAL_FOLDER_UPLOADS_TUS", env.Text("LOCAL_FOLDER_UPLOAD_TUS", options.BaseFolder));
        options.Prefix = env.Text("TUS_UPLOAD_PREFIX", options.Prefix).Trim().Trim('/');
        options.FreeSpaceReserve = env.LongInteger("UPLOAD_FREE_SPACE_RESERVE", options.FreeSpaceReserve);
    }
}

internal sealed class UploadFolderOptionsValidator : IValidateOptions<UploadFolderOptions>
{
    public ValidateOptionsResult Validate(string? name, UploadFolderOptions options)
    {
        List<string> problems = [];
        if (!PathSegments.ArePlain(options.Prefix))
            problems.Add("TUS_UPLOAD_PREFIX must be a plain relative path, without empty or dot segments.");
        if (options.BaseFolder.Contains('\0', StringComparison.Ordinal))
            problems.Add("LOCAL_FOLDER_UPLOADS_TUS is not a path.");
        if (options.FreeSpaceReserve < 0)
            problems.Add($"UPLOAD_FREE_SPACE_RESERVE is {options.FreeSpaceReserve}; it must be 0 or more bytes.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
