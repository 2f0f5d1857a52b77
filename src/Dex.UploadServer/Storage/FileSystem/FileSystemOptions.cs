using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Where the file backend keeps uploads, and how sure it makes of them (spec: storage-layout.md 2, reliability.md 2).</summary>
internal sealed class FileSystemOptions
{
    /// <summary>Base folder, absolute or relative to the working directory. Default ./uploads. <c>LOCAL_FOLDER_UPLOADS_TUS</c></summary>
    public string BaseFolder { get; set; } = "./uploads";

    /// <summary>Folder of the uploads below the base folder. Default tus-prefix. <c>TUS_UPLOAD_PREFIX</c></summary>
    public string Prefix { get; set; } = "tus-prefix";

    /// <summary>What an answer promises over a power failure. Default final. <c>UPLOAD_DURABILITY</c></summary>
    public UploadDurability Durability { get; set; } = UploadDurability.Final;

    public static void Read(FileSystemOptions options, EnvironmentReader env)
    {
        // The second spelling is a slip that operators' files have.
        options.BaseFolder = env.Text("LOCAL_FOLDER_UPLOADS_TUS", env.Text("LOCAL_FOLDER_UPLOAD_TUS", options.BaseFolder));
        options.Prefix = env.Text("TUS_UPLOAD_PREFIX", options.Prefix);
        options.Durability = env.Text("UPLOAD_DURABILITY", "final") switch
        {
            "none" => UploadDurability.None,
            "final" => UploadDurability.Final,
            "every" => UploadDurability.Every,
            _ => Invalid,
        };
    }

    /// <summary>Stands for a word that is no durability until the validator names it.</summary>
    internal const UploadDurability Invalid = (UploadDurability)(-1);
}

internal sealed class FileSystemOptionsValidator : IValidateOptions<FileSystemOptions>
{
    public ValidateOptionsResult Validate(string? name, FileSystemOptions options)
    {
        var problems = new List<string>();
        if (options.Durability == FileSystemOptions.Invalid)
            problems.Add("UPLOAD_DURABILITY must be none, final or every.");
        if (options.Prefix.StartsWith('/') || options.Prefix.Split('/').Contains("..") || options.Prefix.Contains('\0', StringComparison.Ordinal))
            problems.Add($"TUS_UPLOAD_PREFIX is \"{options.Prefix}\"; it must name a folder below LOCAL_FOLDER_UPLOADS_TUS.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
