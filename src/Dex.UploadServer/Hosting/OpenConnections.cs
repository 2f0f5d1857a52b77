using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Knows every open connection, to cut those that have not ended some time after the stop began (spec: reliability.md E2).</summary>
internal sealed class OpenConnections : IDisposable
{
    private readonly ConcurrentDictionary<ConnectionContext, bool> _open = [];
    private readonly CancellationTokenRegistration _stopping;
    private ITimer? _cut;

    public OpenConnections(IHostApplicationLifetime lifetime, IOptions<ShutdownOptions> options, TimeProvider clock) =>
        _stopping = lifetime.ApplicationStopping.Register(() =>
            _cut = clock.CreateTimer(_ => AbortAll(), null, options.Value.RequestsLimit, Timeout.InfiniteTimeSpan));

    public async Task TrackAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        _open.TryAdd(connection, true);
        try
        {
            await next(connection);
        }
        finally
        {
            _open.TryRemove(connection, out _);
        }
    }

    private void AbortAll()
    {
        foreach (var connection in _open.Keys)
            connection.Abort(new ConnectionAbortedException("The server is shutting down."));
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _cut?.Dispose();
    }
}
