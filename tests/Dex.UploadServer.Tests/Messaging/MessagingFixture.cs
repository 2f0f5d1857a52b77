using System.Diagnostics.Metrics;
using System.Text;
using Dex.Testing;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Ledger.Sqlite;
using Dex.UploadServer.Messaging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Messaging;

/// <summary>A ledger, an outbox and files in a folder of their own.</summary>
internal sealed class MessagingFixture : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<Outbox> _started = [];
    private readonly MeterListener _listener = new();
    private readonly List<string> _counted = [];

    public MessagingFixture()
    {
        SQLitePCL.Batteries_V2.Init();
        Ledger = new SqliteLedger(
            Options.Create(new LedgerOptions { UploadsFolder = Path.Combine(Folder, "uploads"), Durability = UploadDurability.None }), Clock);
        Files = new MessageFiles(Options.Create(new MessagingOptions { ReportsFolder = Path.Combine(Folder, "reports"), EventsFolder = Path.Combine(Folder, "events") }));
        Metrics = new MessagingMetrics(_services.GetRequiredService<IMeterFactory>());
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _services.GetRequiredService<IMeterFactory>()))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            lock (_counted)
                _counted.Add($"{tags[0].Value} {tags[1].Value}");
        });
        _listener.Start();
    }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"messaging-{Guid.NewGuid():N}");

    public ManualClock Clock { get; } = new();

    public ILedger Ledger { get; }

    public MessageFiles Files { get; }

    public MessagingMetrics Metrics { get; }

    public static string NewId() => Guid.NewGuid().ToString();

    public static OutboxMessage Report(string uploadId, string type, string json) => new(MessageKind.Report, uploadId, type, Encoding.UTF8.GetBytes(json));

    public static OutboxMessage Event(string uploadId, string json) => new(MessageKind.Event, uploadId, "FileReady", Encoding.UTF8.GetBytes(json));

    /// <summary>What was counted, as "type op".</summary>
    public IReadOnlyList<string> Counted()
    {
        lock (_counted)
            return [.. _counted];
    }

    public async Task<Outbox> StartAsync(params IMessageSink[] sinks)
    {
        var outbox = new Outbox(sinks, Ledger, Metrics, EventTransport.Local, Clock, NullLogger<Outbox>.Instance);
        await outbox.StartAsync(CancellationToken.None);
        _started.Add(outbox);
        return outbox;
    }

    public async Task StopAsync(Outbox outbox)
    {
        _started.Remove(outbox);
        await outbox.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));
        outbox.Dispose();
    }

    public string[] LinesOf(string uploadId, string type, MessageKind kind = MessageKind.Report)
    {
        var path = Files.PathOf(kind, uploadId, type);
        return File.Exists(path) ? File.ReadAllLines(path) : [];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var outbox in _started.ToList())
            await StopAsync(outbox);
        ((SqliteLedger)Ledger).Dispose();
        _listener.Dispose();
        await _services.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
