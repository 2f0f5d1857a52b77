using System.Collections.Concurrent;
using System.Text;
using Dex.UploadServer.Manifests;

namespace Dex.UploadServer.Tests.Manifests;

/// <summary>Manifest configs in memory, with a count of the look-ups and a switch for failure.</summary>
internal sealed class MemoryConfigSource : IManifestConfigSource
{
    private readonly ConcurrentDictionary<string, string> _configs = new(StringComparer.Ordinal);
    private int _loads;

    public int Loads => Volatile.Read(ref _loads);

    public Exception? Failure { get; set; }

    /// <summary>Loads wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public string this[string name] { set => _configs[name] = value; }

    public void Remove(string name) => _configs.TryRemove(name, out _);

    public async ValueTask<byte[]?> LoadAsync(string name, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        await Gate.WaitAsync(cancellationToken);
        if (Failure is { } failure)
            throw failure;
        return _configs.TryGetValue(name, out var text) ? Encoding.UTF8.GetBytes(text) : null;
    }
}
