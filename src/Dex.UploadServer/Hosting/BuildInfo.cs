using System.Reflection;

namespace Dex.UploadServer.Hosting;

/// <summary>What this build is, from the build arguments of the container image (spec: http-api.md 5); empty strings in a build without them.</summary>
internal sealed record BuildInfo(string Repository, string LatestReleaseVersion, string GitShortSha)
{
    /// <summary>As reports carry it in <c>stage_info.version</c>.</summary>
    public string Version => $"{LatestReleaseVersion}_{GitShortSha}";

    /// <summary>As <c>dotnet publish -p:BuildRepository=… -p:BuildReleaseVersion=… -p:BuildGitShortSha=…</c> left it in the assembly.</summary>
    public static BuildInfo OfThisAssembly()
    {
        var metadata = typeof(BuildInfo).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .ToLookup(attribute => attribute.Key, attribute => attribute.Value ?? "");
        return new BuildInfo(Find("BuildRepository"), Find("BuildReleaseVersion"), Find("BuildGitShortSha"));

        string Find(string key) => metadata[key].FirstOrDefault("");
    }
}
