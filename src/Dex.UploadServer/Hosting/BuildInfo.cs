namespace Dex.UploadServer.Hosting;

/// <summary>What this build is, from the build arguments of the container image (spec: http-api.md 5); empty strings in a build without them.</summary>
internal sealed record BuildInfo(string Repository, string LatestReleaseVersion, string GitShortSha)
{
    /// <summary>As reports carry it in <c>stage_info.version</c>.</summary>
    public string Version => $"{LatestReleaseVersion}_{GitShortSha}";
}
