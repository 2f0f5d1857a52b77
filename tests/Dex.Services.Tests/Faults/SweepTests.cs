using System.Collections.Frozen;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>The sweep of real processes: by hand, beside a server, and killed (spec: tus.md EX3, storage-layout.md 9.8).</summary>
[Trait("Category", "Faults")]
public sealed class SweepTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly FrozenDictionary<string, string> Expiring = new Dictionary<string, string>
    {
        ["UPLOAD_EXPIRATION"] = "3600",
        ["UPLOAD_SWEEP_INTERVAL"] = "2592000",
    }.ToFrozenDictionary();

    private readonly ServerFolder _folder = new("edav");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 180_000)]
    public async Task By_hand_it_counts_beside_a_server_and_removes_only_when_none_runs()
    {
        var server = await ServerProcess.StartAsync(_folder, Stop, Expiring);
        await using (server)
        {
            var expired = await BeginAsync(server);
            var alive = await BeginAsync(server);
            var finished = await server.Http.UploadAsync("hello"u8.ToArray(), "b.txt", Stop);
            Age(expired);
            Age(finished);

            var dry = await SweepAsync("-dry-run");
            var refused = await SweepAsync();

            Assert.Equal((0, ""), (dry.ExitCode, dry.Errors));
            Assert.Matches(@"(?m)^expired +1 +3$", dry.Output);
            Assert.Matches(@"(?m)^total +1 +3$", dry.Output);
            Assert.Contains("nothing was removed", dry.Output, StringComparison.Ordinal);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("A server runs", refused.Output, StringComparison.Ordinal);
            Assert.True(File.Exists(PathOf(expired)));

            Assert.Equal(0, await server.StopAsync(Limit, Stop));
            var real = await SweepAsync();

            Assert.Equal(0, real.ExitCode);
            Assert.Matches(@"(?m)^expired +1 +3$", real.Output);
            Assert.False(File.Exists(PathOf(expired, ".info")));
            Assert.True(File.Exists(PathOf(alive)) && File.Exists(PathOf(finished)));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_dry_run_leaves_a_folder_without_server_as_it_is()
    {
        Directory.CreateDirectory(_folder.Uploads);

        var dry = await SweepAsync("-dry-run");

        Assert.Equal((0, ""), (dry.ExitCode, dry.Errors));
        Assert.Equal(["tus-prefix"], Directory.GetFileSystemEntries(_folder.At("uploads")).Select(path => Path.GetFileName(path)));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_kill_in_the_middle_of_a_sweep_leaves_only_what_the_next_one_removes()
    {
        var random = new Random(5);
        var sweeping = new Dictionary<string, string> { ["UPLOAD_EXPIRATION"] = "3600", ["UPLOAD_SWEEP_INTERVAL"] = "1", ["UPLOAD_SWEEP_LEFTOVER_AGE"] = "60" };
        var server = await ServerProcess.StartAsync(_folder, Stop, Expiring);
        var expired = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => BeginAsync(server)));
        var alive = await BeginAsync(server);
        foreach (var id in expired)
            Age(id, ".info", "", ".progress");

        for (var kill = 0; kill < 8; kill++)
        {
            await server.KillAsync(Stop);
            await server.DisposeAsync();
            server = await ServerProcess.StartAsync(_folder, Stop, sweeping);
            var last = Count();
            await Eventually.TrueAsync(() => Count() != last || Count() <= 1, Limit);
            await Task.Delay(random.Next(1, 40), Stop);
        }

        await using (server)
        {
            await Eventually.TrueAsync(() => Count() == 1, Limit);
            await Eventually.TrueAsync(
                async () => (await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Stop)).Contains("dex_server_active_uploads 1", StringComparison.Ordinal), Limit);
            Assert.Equal(3, await server.Http.ReadOffsetAsync(alive, Stop));
            Assert.Null(await server.FindInfoAsync(expired[0], Stop));
        }
    }

    // Uploads of which any file is left.
    private int Count() => Directory.GetFiles(_folder.Uploads).Select(path => Path.GetFileName(path)[..36]).Distinct().Count();

    private static async Task<string> BeginAsync(ServerProcess server)
    {
        var id = await server.Http.CreateUploadAsync(5, "a.txt", Stop);
        await server.Http.PatchAsync(id, 0, "hel"u8.ToArray(), Stop);
        return id;
    }

    private string PathOf(string uploadId, string suffix = "") => Path.Combine(_folder.Uploads, uploadId + suffix);

    private void Age(string uploadId, params string[] suffixes)
    {
        foreach (var suffix in suffixes is [] ? [""] : suffixes)
            File.SetLastWriteTimeUtc(PathOf(uploadId, suffix), DateTime.UtcNow.AddHours(-2));
    }

    private Task<ProcessRun> SweepAsync(params string[] flags)
    {
        var executable = Environment.GetEnvironmentVariable("DEX_SERVER_EXECUTABLE");
        return executable is { Length: > 0 }
            ? ProcessRun.StartAsync(executable, ["sweep", .. flags], Limit, Stop, Expiring, _folder.Root)
            : ProcessRun.StartAsync(
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
                [Path.Combine(AppContext.BaseDirectory, "dex-upload-server.dll"), "sweep", .. flags], Limit, Stop, Expiring, _folder.Root);
    }
}
