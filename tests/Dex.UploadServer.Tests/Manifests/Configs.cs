using Dex.Testing;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Manifests;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Manifests;

/// <summary>A cache of configs over a source in memory.</summary>
internal sealed class Configs
{
    public Configs(params (string Name, string Value)[] variables)
    {
        var environment = new EnvironmentReader(variables.ToDictionary(variable => variable.Name, variable => variable.Value));
        Cache = new ManifestConfigs(Source, environment, Options.Create(new ManifestOptions()), Clock, NullLogger<ManifestConfigs>.Instance);
        Verifier = new ManifestVerifier(Cache, NullLogger<ManifestVerifier>.Instance);
    }

    public MemoryConfigSource Source { get; } = new();

    public ManualClock Clock { get; } = new();

    public ManifestConfigs Cache { get; }

    public ManifestVerifier Verifier { get; }
}
