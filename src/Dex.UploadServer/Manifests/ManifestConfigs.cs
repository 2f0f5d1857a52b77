using System.Collections.Concurrent;
using System.Text;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Manifests;

/// <summary>Manifest configs by name, loaded when first asked for and kept while they stay as they are (spec: manifests.md 3, 9.5 and 9.6).</summary>
/// <remarks>
/// Only what was found and could be read is kept, so a sender who makes names up costs one look-up each and no memory.
/// A good config outlives a broken successor and a source that is away.
/// </remarks>
internal sealed partial class ManifestConfigs(
    IManifestConfigSource source, EnvironmentReader environment, IOptions<ManifestOptions> options, TimeProvider clock, ILogger<ManifestConfigs> logger)
{
    private const int MostKept = 1_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_refreshPatience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task<ManifestConfig?>> _loading = new(StringComparer.Ordinal);

    private sealed record Kept(ManifestConfig Config, byte[] Content, long CheckedAt);

    /// <summary>The config of that name, or null if there is none.</summary>
    /// <param name="name">As <see cref="ManifestConfigName.For"/> makes it; looked up in lower case, and only if plain.</param>
    /// <exception cref="ManifestConfigUnreadableException">It exists and cannot be loaded or parsed, and no good one is known.</exception>
    public async ValueTask<ManifestConfig?> FindAsync(string name, CancellationToken cancellationToken)
    {
        name = name.ToLowerInvariant();
        if (!ManifestConfigName.IsPlain(name))
            return null;
        if (_kept.TryGetValue(name, out var kept) && clock.GetElapsedTime(kept.CheckedAt) < options.Value.RefreshAfter)
            return kept.Config;
        return await LoadOnceAsync(name).WaitAsync(cancellationToken);
    }

    // Requests for the same name share one load, which none of them can cancel for the others.
    private Task<ManifestConfig?> LoadOnceAsync(string name)
    {
        lock (_loading)
        {
            if (_loading.TryGetValue(name, out var running))
                return running;
            var load = Task.Run(() => LoadAsync(name));
            _loading.Add(name, load);
            load.ContinueWith(_ => Loaded(name), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return load;
        }
    }

    private void Loaded(string name)
    {
        lock (_loading)
            _loading.Remove(name);
    }

    private async Task<ManifestConfig?> LoadAsync(string name)
    {
        var known = _kept.GetValueOrDefault(name);
        try
        {
            using var patience = new CancellationTokenSource(known is null ? s_patience : s_refreshPatience, clock);
            if (await source.LoadAsync(name, patience.Token) is not { } content)
            {
                _kept.TryRemove(name, out _);
                return null;
            }

            var config = known is not null && content.AsSpan().SequenceEqual(known.Content) ? known.Config : Read(content);
            Keep(name, new Kept(config, content, clock.GetTimestamp()));
            return config;
        }
        catch (Exception error)
        {
            // Anything a source throws: whatever it was, the last good rules are better than refusing every sender.
            var reason = error is FormatException ? $"manifest config {name} is broken: {error.Message}" : $"manifest config {name} could not be loaded";
            if (known is null)
            {
                LogUnreadable(name, error.Message);
                throw new ManifestConfigUnreadableException(reason, error);
            }

            LogKeptLastGood(name, error.Message);
            Keep(name, known with { CheckedAt = clock.GetTimestamp() });
            return known.Config;
        }
    }

    private ManifestConfig Read(byte[] content)
    {
        var text = Encoding.UTF8.GetString(content).TrimStart('\uFEFF');
        return ManifestConfig.Parse(EnvironmentExpansion.Expand(text, environment.Substitution));
    }

    private void Keep(string name, Kept kept)
    {
        if (_kept.Count >= MostKept && !_kept.ContainsKey(name))
            _kept.TryRemove(_kept.MinBy(pair => pair.Value.CheckedAt).Key, out _);
        _kept[name] = kept;
    }

    [LoggerMessage(LogLevel.Error, "manifest config cannot be read {config}{error}")]
    private partial void LogUnreadable(string config, string error);

    [LoggerMessage(LogLevel.Warning, "manifest config cannot be read, keeping the last good one {config}{error}")]
    private partial void LogKeptLastGood(string config, string error);
}
