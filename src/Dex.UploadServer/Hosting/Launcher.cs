using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Builds the server, runs it until a signal, and tells by the exit code how it went (spec: config.md 1.1, 4; reliability.md 12).</summary>
/// <remarks>0: stopped by a signal, or help was shown. 1: could not start, or stopped by itself. 2: wrong command line.</remarks>
internal sealed class Launcher(
    Func<string[], IReadOnlyDictionary<string, string>, WebApplication> build,
    IReadOnlyDictionary<string, string> environment,
    TextWriter output,
    TextWriter error)
{
    private string _environmentName = environment.GetValueOrDefault("ENVIRONMENT") is { Length: > 0 } name ? name : "DEV";

    /// <summary>What <c>sweep</c> does.</summary>
    public LauncherCommand? Sweep { get; init; }

    public async Task<int> RunAsync(string[] args)
    {
        var commandLine = CommandLine.Parse(args);
        if (commandLine.HelpWanted || commandLine.Problem is not null)
        {
            await error.WriteAsync(commandLine.Problem is { } problem ? problem + Environment.NewLine : "");
            await error.WriteAsync(CommandLine.Usage);
            return commandLine.HelpWanted ? 0 : 2;
        }

        if (commandLine.IsSweep && Sweep is { } sweep)
            return await RunAsync(sweep, commandLine, args);

        WebApplication? app = null;
        try
        {
            app = build(args, environment);
            _environmentName = app.Services.GetRequiredService<IOptions<DeploymentOptions>>().Value.EnvironmentName;
            await app.StartAsync();
        }
        catch (OperationCanceledException) when (app is not null && app.Services.GetRequiredService<ProcessLifetime>().StoppedBySignal)
        {
            // Stopped while still starting: as good a stop as any.
        }
        catch (Exception failure)
        {
            // Whatever it was, it ends here: first the log is closed, so that this line is the last.
            if (app is not null)
                await CloseAsync(app);
            Report(failure);
            return 1;
        }

        return await RunUntilStoppedAsync(app);
    }

    private async Task<int> RunAsync(LauncherCommand command, CommandLine commandLine, string[] args)
    {
        try
        {
            await using var app = command.Build(args, environment);
            return await command.RunAsync(app.Services, commandLine, output, CancellationToken.None);
        }
        catch (Exception failure)
        {
            Report(failure);
            return 1;
        }
    }

    private async Task<int> RunUntilStoppedAsync(WebApplication app)
    {
        var lifetime = app.Services.GetRequiredService<ProcessLifetime>();
        var limit = app.Services.GetRequiredService<IOptions<ShutdownOptions>>().Value.Limit;
        await Task.Delay(Timeout.InfiniteTimeSpan, app.Lifetime.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Everything answered is safe already, so a service that will not end does not hold the process back.
        var stopping = StopAsync(app);
        if (await Task.WhenAny(stopping, Task.Delay(limit)) != stopping)
            BareLogLine.Write(output, "WARN", "server did not close in time", _environmentName);
        return lifetime.StoppedBySignal ? 0 : 1;
    }

    private static async Task StopAsync(WebApplication app)
    {
        await app.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the host has logged what went wrong
        await CloseAsync(app);
    }

    // What closing may complain of is not the reason why the server ends, and must not take its place.
    private static async Task CloseAsync(WebApplication app) =>
        await app.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Report(Exception failure)
    {
        switch (failure)
        {
            case StartupFailureException { Port: { } port } known:
                BareLogLine.Write(output, "ERROR", known.Message, _environmentName, ("error", known.Error), ("port", $"{port}"));
                break;
            case StartupFailureException known:
                BareLogLine.Write(output, "ERROR", known.Message, _environmentName, ("error", known.Error));
                break;
            default:
                BareLogLine.Write(output, "ERROR", "error starting app", _environmentName, ("error", failure.ToString()));
                break;
        }
    }
}
