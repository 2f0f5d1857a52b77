using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Ties the host to its process: takes the port before anything starts, and ends on SIGINT and SIGTERM (spec: reliability.md 12, config.md 4).</summary>
internal sealed partial class ProcessLifetime(
    CommandLine commandLine,
    ListeningSockets sockets,
    IOptions<ServerAddressOptions> address,
    IHostApplicationLifetime application,
    ILogger<ProcessLifetime> logger) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];

    public bool StoppedBySignal { get; private set; }

    /// <summary>The host asks this before it starts any service.</summary>
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        if (commandLine.AppConfigFile is { } file)
            LogLoaded(file);
        sockets.Bind(address.Value.Port, "error starting app, error starting http server");
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _signals.Clear();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // The second one is left to the system, which ends the process at once.
        if (StoppedBySignal)
            return;
        context.Cancel = true;
        StoppedBySignal = true;
        LogClosing(context.Signal.ToString());
        application.StopApplication();
    }

    [LoggerMessage(LogLevel.Information, "Loading environment from {file}")]
    private partial void LogLoaded(string file);

    [LoggerMessage(LogLevel.Information, "closing server by os signal {signal}")]
    private partial void LogClosing(string signal);
}
