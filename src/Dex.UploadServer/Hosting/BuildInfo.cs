using System.Reflection;

namespace Dex.UploadServer.Hosting;

/// <summary>What this build is, from the build arguments of the container image (spec: http-api.md 5); empty strings in a build without them.</summary>
internal sealed record BuildInfo(string Repository, string LatestReleaseVersion, string GitShortSha)
{
    /// <summary>As reports carry it in <c>stage_info.version</c>.</summary>
    public string Version => $"{LatestReleaseVersion}_{GitShortSha}";

    /// <summary>Reads what the project file wrote into an assembly.</summary>
    public static BuildInfo Of(Assembly assembly)
    {
        var facts = assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToLookup(fact => fact.Key, fact => fact.Value);
        return new BuildInfo(Find("REPO"), Find("LATEST_RELEASE_VERSION"), Find("GIT_SHORT_SHA"));

        string Find(string key) => facts[key].FirstOrDefault() ?? "";
    }
}
