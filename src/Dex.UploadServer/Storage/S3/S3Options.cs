using Dex.UploadServer.Aws;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Where uploads and manifest configs are in S3 (spec: config.md 2.5, 3). Credentials and region: <see cref="AwsOptions"/>.</summary>
internal sealed class S3Options
{
    /// <summary>S3's own limit.</summary>
    public const long SmallestPart = 5L << 20;

    /// <summary>Where S3 is, instead of at AWS; then buckets are part of the path. <c>S3_ENDPOINT</c></summary>
    public Uri? Endpoint { get; set; }

    /// <summary>Bucket of uploads. <c>S3_BUCKET_NAME</c></summary>
    public string? Bucket { get; set; }

    /// <summary>Key prefix of manifest configs, without slash at either end; empty for none. <c>DEX_S3_MANIFEST_CONFIG_FOLDER_NAME</c></summary>
    public string? ManifestFolder { get; set; }

    /// <summary>Bucket of manifest configs. Default: the bucket of uploads. <c>DEX_MANIFEST_CONFIG_BUCKET_NAME</c></summary>
    public string? ManifestBucket { get; set; }

    /// <summary>Bytes of the smallest part but the last, 5 MiB or more. The same as <c>STORE_PART_SIZE</c> for a store that wants all parts equal. Default 5 MiB. <c>S3_MIN_PART_SIZE</c></summary>
    public long LeastPart { get; set; } = SmallestPart;

    /// <summary>Whether the store heeds <c>If-Match</c> and <c>If-None-Match</c> on a PUT; one that answers 501 to it does not. Default true. <c>S3_CONDITIONAL_WRITES</c></summary>
    public bool ConditionalWrites { get; set; } = true;

    /// <summary>Whether this is where uploads are to be kept.</summary>
    public bool IsSelected { get; set; }

    /// <summary>What could not be read.</summary>
    public IReadOnlyList<string> Problems { get; set; } = [];

    public static void Read(S3Options options, EnvironmentReader env)
    {
        List<string> problems = [];
        options.IsSelected = SelectsUploads(env);
        options.Endpoint = ServiceEndpoint.Read(env, "S3_ENDPOINT", problems);
        options.Problems = problems;
        options.Bucket = env.OptionalText("S3_BUCKET_NAME")?.Trim();
        options.LeastPart = env.LongInteger("S3_MIN_PART_SIZE", options.LeastPart);
        options.ConditionalWrites = env.Boolean("S3_CONDITIONAL_WRITES", options.ConditionalWrites);
        options.ManifestFolder = env.OptionalText("DEX_S3_MANIFEST_CONFIG_FOLDER_NAME")?.Trim().Trim('/');
        options.ManifestBucket = env.OptionalText("DEX_MANIFEST_CONFIG_BUCKET_NAME")?.Trim();
    }

    /// <summary>Whether the variables ask for uploads in S3.</summary>
    public static bool SelectsUploads(EnvironmentReader env) => env.Has("S3_ENDPOINT") | env.Has("S3_BUCKET_NAME");

    /// <summary>Whether, with uploads in S3, the variables ask for manifest configs there too.</summary>
    public static bool SelectsManifestConfigs(EnvironmentReader env) =>
        env.Has("DEX_S3_MANIFEST_CONFIG_FOLDER_NAME") | env.Has("DEX_MANIFEST_CONFIG_BUCKET_NAME");
}

internal sealed class S3OptionsValidator(AwsIdentity identity) : IValidateOptions<S3Options>
{
    private const string Missing = "missing required values for connecting to AWS S3";

    public ValidateOptionsResult Validate(string? name, S3Options options)
    {
        if (!options.IsSelected)
            return ValidateOptionsResult.Success;

        List<string> problems = [.. options.Problems, .. identity.FindProblems()];
        if (options.Bucket is null)
            problems.Add($"{Missing}: S3_BUCKET_NAME is not set.");
        else if (!S3Bucket.IsName(options.Bucket))
            problems.Add("S3_BUCKET_NAME must be the name of a bucket: letters, digits, dots, hyphens and underscores.");
        if (options.LeastPart < S3Options.SmallestPart)
            problems.Add($"S3_MIN_PART_SIZE is {options.LeastPart}; it must be {S3Options.SmallestPart} or more bytes.");
        if (options.ManifestBucket is { } bucket && !S3Bucket.IsName(bucket))
            problems.Add("DEX_MANIFEST_CONFIG_BUCKET_NAME must be the name of a bucket: letters, digits, dots, hyphens and underscores.");
        if (options.ManifestFolder is { Length: > 0 } folder && !PathSegments.ArePlain(folder))
            problems.Add("DEX_S3_MANIFEST_CONFIG_FOLDER_NAME must be a plain relative path, without empty or dot segments.");
        if (problems.Count == 0 && options.Endpoint is null && identity.S3Endpoint is null && identity.Region is null)
            problems.Add($"{Missing}: AWS_REGION is not set; without S3_ENDPOINT it says where the bucket is.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
