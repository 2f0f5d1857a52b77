using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Dex.Bench.Load;
using Dex.Bench.Measuring;
using Dex.Bench.Scenarios;

namespace Dex.Bench.Servers;

/// <summary>A server that was started for the bench, in a fresh folder.</summary>
internal sealed partial class RunningServer : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DeliveryPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DeliveryLook = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    // The program's output goes to a file, so that nobody has to read it while time is taken.
    private const string Shell = "exec \"$@\" >\"$0\" 2>&1";

    private readonly RunFolder _run;
    private readonly string _folder;
    private readonly ServerLaunch _launch;
    private readonly Process _process;

    private RunningServer(ServerChoice choice, RunFolder run, string folder, ServerLaunch launch, Process process)
    {
        Choice = choice;
        _run = run;
        _folder = folder;
        _launch = launch;
        _process = process;
        Meter = new ProcessMeter(process.Id);
        AppDomain.CurrentDomain.ProcessExit += EndWithUs;
    }

    public ServerChoice Choice { get; }

    public ProcessMeter Meter { get; }

    public TusTarget Target { get; private set; } = new(new Uri("http://127.0.0.1/files"));

    /// <summary>The end of what it printed.</summary>
    public string LastWords => string.Join('\n', File.ReadLines(LogPath).TakeLast(10));

    private string LogPath => LogPathIn(_folder);

    /// <param name="run">Where its folder is made.</param>
    /// <param name="processor">Where it runs; null for anywhere.</param>
    /// <param name="variables">Beside those of the choice.</param>
    public static RunningServer Start(ServerChoice choice, RunFolder run, int? processor, IReadOnlyDictionary<string, string>? variables = null)
    {
        var folder = run.CreateFolder();
        var launch = choice.Describe(Directory.CreateDirectory(Path.Combine(folder, "server")).FullName);
        launch = launch with { Environment = launch.Environment.Concat(variables ?? new Dictionary<string, string>()).ToDictionary() };
        var process = Process.Start(StartInfo(launch, folder, processor)) ?? throw new InvalidOperationException($"{choice.Text} did not start.");
        var server = new RunningServer(choice, run, folder, launch, process);
        try
        {
            server.WaitForPort();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Compares what was stored, and delivered, with what was sent.</summary>
    public void Check(Payload payload, IEnumerable<StoredUpload> uploads)
    {
        if (!_launch.Stores)
            return;
        foreach (var upload in uploads)
        {
            payload.Require(Path.Combine(_launch.UploadsFolder, upload.Id), upload.Length);
            if (_launch.DeliveredFolder is { } delivered)
                payload.Require(Directory.GetFiles(delivered, $"*{upload.Id}*", SearchOption.AllDirectories).Single(), upload.Length);
        }
    }

    /// <summary>Waits until every finished upload is delivered; fails if one is not, in the end.</summary>
    public void WaitForDeliveries(long uploads)
    {
        if (_launch.DeliveredFolder is not { } folder)
            return;
        var sinceProgress = Stopwatch.StartNew();
        for (int delivered, before = 0; (delivered = CountFiles(folder)) < uploads; before = delivered)
        {
            if (delivered > before)
                sinceProgress.Restart();
            else if (sinceProgress.Elapsed > DeliveryPatience)
                throw new TimeoutException($"{Choice.Text} delivered {delivered} of {uploads} uploads, and no other within {DeliveryPatience}.");
            Thread.Sleep(DeliveryLook); // counted seldom, since the counting would take the processor from what is measured
        }
    }

    /// <summary>Takes away what was stored. Nothing may be in progress.</summary>
    public void Clean()
    {
        if (Choice.Stored > 0)
            return; // what it holds is the point
        foreach (var file in _launch.DataFolders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).ToList())
            _run.Empty(file);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= EndWithUs;
        End();
        _process.Dispose();
    }

    private void EndWithUs(object? sender, EventArgs e)
    {
        End();
        _run.Dispose();
    }

    private void End()
    {
        _process.Kill();
        _process.WaitForExit();
        foreach (var file in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))
            _run.Empty(file);
    }

    private static int CountFiles(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count(path => !Path.GetFileName(path).StartsWith('.')) : 0;

    private static string LogPathIn(string folder) => Path.Combine(folder, "log");

    private static ProcessStartInfo StartInfo(ServerLaunch launch, string folder, int? processor)
    {
        IEnumerable<string> pinned = processor is { } number ? ["taskset", "-c", number.ToString(CultureInfo.InvariantCulture)] : [];
        var start = new ProcessStartInfo("sh", ["-c", Shell, LogPathIn(folder), .. pinned, launch.Program, .. launch.Arguments])
        {
            WorkingDirectory = Path.Combine(folder, "server"),
        };
        foreach (var name in start.Environment.Keys.Except(["PATH", "HOME", "DOTNET_ROOT", "TMPDIR"]).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in launch.Environment)
            start.Environment[name] = value;
        return start;
    }

    private void WaitForPort()
    {
        // Peers of other makes do not say when they listen: one knocks until somebody opens.
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < StartLimit; Thread.Sleep(Look))
        {
            var log = File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";
            if (Port().Match(log) is { Success: true } port)
            {
                Target = new TusTarget(new Uri($"{(Choice.Tls ? "https" : "http")}://127.0.0.1:{port.Groups[1].Value}/files"));
                return;
            }

            if (_process.HasExited)
                throw new InvalidOperationException($"{Choice.Text} ended before it listened:\n{log}");
        }

        throw new TimeoutException($"{Choice.Text} does not listen after {StartLimit}.");
    }

    [GeneratedRegex("""(?:"port":"?|listening on port )(\d+)\b""")]
    private static partial Regex Port();
}
