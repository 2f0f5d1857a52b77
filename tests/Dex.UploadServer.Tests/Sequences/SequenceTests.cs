using System.Globalization;
using Dex.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Dex.UploadServer.Tests.Sequences;

/// <summary>Whatever clients and operators do, and in whatever order: offsets, bytes, states and completions are what the protocol's rules make them.</summary>
/// <remarks>
/// <c>NIGHTLY=1</c> runs 10,000 sequences instead of 300, <c>PROPERTY_SEQUENCES</c> any number.
/// A failure shows the shortest sequence found and the seed that led to it; <c>PROPERTY_REPLAY</c> begins with that seed.
/// </remarks>
public sealed class SequenceTests
{
    private const int SequencesPerServer = 100; // a start looks at every upload there is

    [Fact]
    [Rule("HD5", "R6", "P4", "P5", "P9", "BR1", "BR2", "LK2", "SH2", "SH3", "ST1", "ST4", "CC3", "DR18")]
    public Task A_server_that_is_stopped_and_started_keeps_to_the_rules() =>
        CheckAsync(async () => await StoppedServer.StartAsync(), sequences: Count(300, 10_000), restarts: 25);

    [Fact]
    [Rule("HD5", "BR8", "LK8", "SH2", "SH3", "SH4", "ST1", "ST4")]
    public Task A_server_that_is_killed_keeps_to_the_rules() =>
        CheckAsync(async () => await KilledServer.StartAsync(), sequences: Count(12, 400), restarts: 60);

    private static async Task CheckAsync(Func<Task<RestartableServer>> start, int sequences, int restarts)
    {
        RestartableServer? server = null;
        var used = 0;
        try
        {
            var property = Prop.ForAll(Steps.Sequences(restarts), async steps =>
            {
                if (server is null || used++ >= SequencesPerServer)
                {
                    if (server is not null)
                        await server.DisposeAsync();
                    server = await start();
                    used = 0;
                }

                await RunAsync(server, steps);
            });
            var config = Config.QuickThrowOnFailure.WithMaxTest(sequences);
            await Task.Run(() => Check.One(Replayed() is { } replay ? config.WithReplay(replay) : config, property));
        }
        finally
        {
            if (server is not null)
                await server.DisposeAsync();
        }
    }

    private static async Task RunAsync(RestartableServer server, IEnumerable<Step> steps)
    {
        using var runner = new SequenceRunner(server);
        foreach (var step in steps)
            await runner.RunAsync(step);

        for (var i = 0; i < runner.Uploads.Count; i++)
        {
            await runner.AskAsync(i, Dialect.Tus);
            await runner.AskAsync(i, Dialect.Draft6);
            await LeftBehind.CheckAsync(server, runner.Uploads[i]);
        }
    }

    private static int Count(int usual, int nightly) =>
        Environment.GetEnvironmentVariable("PROPERTY_SEQUENCES") is { Length: > 0 } count ? int.Parse(count, CultureInfo.InvariantCulture)
        : Environment.GetEnvironmentVariable("NIGHTLY") is "1" ? nightly : usual;

    private static Replay? Replayed() =>
        Environment.GetEnvironmentVariable("PROPERTY_REPLAY")?.Split(',') is [var seed, var gamma, .. var size]
            ? new Replay(
                new Rnd(ulong.Parse(seed, CultureInfo.InvariantCulture), ulong.Parse(gamma, CultureInfo.InvariantCulture)),
                size is [var steps] ? int.Parse(steps, CultureInfo.InvariantCulture) : null)
            : null;
}
