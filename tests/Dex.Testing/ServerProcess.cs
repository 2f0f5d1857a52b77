using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Dex.Testing;

/// <summary>The built server as a process of its own, on a free port, in a <see cref="ServerFolder"/>.</summary>
/// <remarks><c>DEX_SERVER_EXECUTABLE</c> names another build to test, such as a published one.</remarks>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _disposed;

    private ServerProcess(ServerFolder folder, IReadOnlyDictionary<string, string>? environment)
    {
        Folder = folder;
        _process = new Process { StartInfo = Describe(folder, environment), EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Exited += (_, _) => _port.TrySetException(new InvalidOperationException("The server ended before it listened."));
    }

    public ServerFolder Folder { get; }

    public int Id => _process.Id;

    public int Port { get; private set; }

    public Uri Address => Http.BaseAddress!;

    public HttpClient Http { get; private set; } = new();

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public long ResidentBytes => ProcessStatus.ResidentBytes(Id);

    public long PeakBytes => ProcessStatus.PeakBytes(Id);

    /// <summary>Bytes that have arrived and that the server has not taken.</summary>
    public long UnreadBytes => ProcessStatus.UnreadBytes(Port);

    public int OpenDescriptors => ProcessStatus.OpenDescriptors(Id);

    /// <summary>Every line printed so far, on either stream.</summary>
    public IReadOnlyList<string> Output
    {
        get
        {
            lock (_output)
                return [.. _output];
        }
    }

    /// <summary>Starts a server and returns when <c>/health</c> answers.</summary>
    /// <param name="environment">Beside the defaults: a free API port and no UI. Nothing else is inherited from the tests' own environment.</param>
    public static async Task<ServerProcess> StartAsync(
        ServerFolder folder, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? environment = null)
    {
        var server = new ServerProcess(folder, environment);
        try
        {
            await server.LaunchAsync(cancellationToken);
            return server;
        }
        catch (Exception problem) when (problem is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            var printed = string.Join('\n', server.Output.TakeLast(20));
            await server.DisposeAsync();
            throw new InvalidOperationException($"The server did not start: {problem.Message}\n{printed}", problem);
        }
    }

    public void Send(ProcessSignal signal) => ProcessSignals.Send(Id, signal);

    /// <summary>Ends the process as an operator does, with SIGTERM.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        Send(ProcessSignal.Terminate);
        return await WaitForExitAsync(limit, cancellationToken);
    }

    /// <summary>Ends the process at once, with SIGKILL.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill(entireProcessTree: true);
        await WaitForExitAsync(TimeSpan.FromSeconds(30), cancellationToken);
    }

    public async Task<int> WaitForExitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(limit, cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>What <c>/info</c> says now; null if it knows no such upload.</summary>
    public async Task<ServerInfo?> FindInfoAsync(string uploadId, CancellationToken cancellationToken)
    {
        using var response = await Http.GetAsync(new Uri($"/info/{uploadId}", UriKind.Relative), cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        response.EnsureSuccessStatusCode();
        return ServerInfo.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Asks <c>/info</c> until it says what is hoped for; fails with its last answer after <paramref name="limit"/>.</summary>
    public async Task<ServerInfo> WaitForInfoAsync(string uploadId, Func<ServerInfo, bool> hopedFor, TimeSpan limit, CancellationToken cancellationToken)
    {
        ServerInfo? last = null;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < limit;)
        {
            last = await FindInfoAsync(uploadId, cancellationToken);
            if (last is not null && hopedFor(last))
                return last;
            await Task.Delay(TimeSpan.FromMilliseconds(25), cancellationToken);
        }

        var deliveries = string.Join("; ", (last?.Deliveries ?? []).Select(d => $"{d.Name} {d.Status} {d.Location} {string.Join(", ", d.Issues)}"));
        throw new TimeoutException($"After {limit}, /info/{uploadId} says: {last?.Status ?? "nothing"}, {last?.Size} bytes, deliveries: {deliveries}.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        Http.Dispose();
        if (Started && !_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private bool Started { get; set; }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        _process.Start();
        Started = true;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Port = await _port.Task.WaitAsync(StartLimit, cancellationToken);
        Http = NewClient();
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(StartLimit);
        using var health = await Http.GetAsync(new Uri("/health", UriKind.Relative), limited.Token);
        health.EnsureSuccessStatusCode();
    }

    /// <summary>A client of its own, for a test that counts connections.</summary>
    public HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        BaseAddress = new Uri($"http://127.0.0.1:{Port}"),
        Timeout = TimeSpan.FromMinutes(2),
    };

    private static ProcessStartInfo Describe(ServerFolder folder, IReadOnlyDictionary<string, string>? environment)
    {
        var start = Environment.GetEnvironmentVariable("DEX_SERVER_EXECUTABLE") is { Length: > 0 } executable
            ? new ProcessStartInfo(executable)
            : new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "dex-upload-server.dll")]);
        start.WorkingDirectory = folder.Root;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;

        var kept = new[] { "PATH", "HOME", "DOTNET_ROOT", "TMPDIR" }.Select(name => (name, Environment.GetEnvironmentVariable(name)));
        start.Environment.Clear();
        foreach (var (name, value) in kept)
        {
            if (value is not null)
                start.Environment[name] = value;
        }

        start.Environment["SERVER_PORT"] = "0";
        start.Environment["UI_PORT"] = "";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return start;
    }

    private void Hear(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.Add(line);
        if (!_port.Task.IsCompleted && line.Contains("started http server with tusd and dex handlers", StringComparison.Ordinal))
            _port.TrySetResult(ReadPort(line));
    }

    private static int ReadPort(string line)
    {
        using var document = JsonDocument.Parse(line);
        return int.Parse(document.RootElement.GetProperty("port").ToString(), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
