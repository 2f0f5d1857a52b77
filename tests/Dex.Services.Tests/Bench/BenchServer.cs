using Dex.Bench.Load;
using Dex.Bench.Scenarios;
using Dex.Bench.Servers;

namespace Dex.Services.Bench;

/// <summary>Our server, started as the bench starts it, and a very small load.</summary>
public sealed class BenchServer : IDisposable
{
    internal Payload Payload { get; } = new();

    internal RunFolder Run { get; } = new(Path.GetTempPath());

    internal RunningServer Server { get; }

    public BenchServer() => Server = RunningServer.Start(ServerChoice.Parse("dex+delivery"), Run, processor: null);

    internal LoadJob Moment => new()
    {
        Target = Server.Target,
        Payload = Payload,
        Server = Server.Meter,
        Duration = TimeSpan.FromSeconds(1),
        MostOperations = 20,
        Connections = 4,
        HeldConnections = 20,
        Divisor = 32,
    };

    public void Dispose()
    {
        Server.Dispose();
        Run.Dispose();
        Payload.Dispose();
    }
}
