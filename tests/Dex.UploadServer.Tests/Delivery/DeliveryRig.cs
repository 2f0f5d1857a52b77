using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Ledger.Sqlite;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>The delivery worker over a real ledger, with targets that do as a test says and a clock that moves when it says.</summary>
internal sealed class DeliveryRig : IAsyncDisposable
{
    private static readonly TimeSpan RealPatience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly IReadOnlyDictionary<string, TestTarget> _targets;
    private DeliveryWorker? _worker;

    public DeliveryRig(params string[] targets)
    {
        SQLitePCL.Batteries_V2.Init();
        _targets = targets.ToDictionary(name => name, _ => new TestTarget());
        Ledger = new SqliteLedger(
            Options.Create(new LedgerOptions { UploadsFolder = _folder.Path, Durability = UploadDurability.None }), Clock);
    }

    public ManualClock Clock { get; } = new();

    public SqliteLedger Ledger { get; }

    public DeliveryOptions Settings { get; } = new();

    public TestSource Source { get; } = new();

    public TestOutbox Outbox { get; } = new();

    /// <summary>In front of the real ledger, if a test wants it to fail.</summary>
    public ILedger? Front { get; set; }

    public TestTarget this[string name] => _targets[name];

    public async Task StartAsync()
    {
        var options = Options.Create(Settings);
        var ledger = Front ?? Ledger;
        var meters = _services.GetRequiredService<IMeterFactory>();
        var metrics = new DeliveryMetrics(meters);
        var orders = new OrderBook(Clock);
        var claims = new DeliveryClaims(ledger, orders, Clock, NullLogger<DeliveryClaims>.Instance);
        var retry = new RetryPolicy(options, () => 0.5);
        var courier = new Courier(Source, metrics, new MessagingMetrics(meters), options, Clock, NullLogger<Courier>.Instance);
        var settler = new DeliverySettler(ledger, orders, new TestReports(), retry, metrics, Clock, NullLogger<DeliverySettler>.Instance);
        var lanes = new DeliveryLaneFactory(claims, courier, settler, ledger, Outbox, retry, options, Clock, NullLogger<DeliveryLane>.Instance);
        var configuration = new DeliveryConfiguration([.. _targets.Keys.Select(name => (DeliveryTarget)new FileTarget(name, "unused"))], []);
        var targets = new DeliveryTargets(configuration, [new TestFactory(_targets)]);
        _worker = new DeliveryWorker(targets, lanes, claims, metrics, ledger, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), options, Clock, NullLogger<DeliveryWorker>.Instance);
        await _worker.StartAsync(TestContext.Current.CancellationToken);
    }

    public async Task StopAsync()
    {
        await _worker!.StopAsync(CancellationToken.None).WaitAsync(RealPatience);
        _worker.Dispose();
        _worker = null;
    }

    /// <summary>Completes an upload with one delivery to each target.</summary>
    public async Task<string> CompleteAsync(params string[] targets)
    {
        var id = Guid.NewGuid().ToString();
        var upload = new UploadRecord
        {
            UploadId = id,
            Manifest = ImmutableSortedDictionary<string, string>.Empty,
            CreatedAt = Clock.GetUtcNow(),
            CompletedAt = Clock.GetUtcNow(),
            Length = TestSource.Content.Length,
        };
        await Ledger.CompleteUploadAsync(
            new UploadCompletion(upload, [.. targets.Select(target => new NewDelivery(target, target, $"2025/{id}"))], []), TestContext.Current.CancellationToken);
        foreach (var target in targets)
            _worker?.Notify(target);
        return id;
    }

    public async Task<DeliveryRecord> DeliveryAsync(string uploadId, string target) =>
        (await Ledger.ListDeliveriesAsync(uploadId, TestContext.Current.CancellationToken)).Single(delivery => delivery.Target == target);

    public async Task<IReadOnlyList<DeliveryAttempt>> AttemptsAsync(string uploadId) =>
        await Ledger.ListAttemptsAsync(uploadId, TestContext.Current.CancellationToken);

    /// <summary>Waits in real time, the clock standing still.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(RealPatience);
        while (!await holds())
        {
            Assert.False(patience.IsCancellationRequested, "It did not come about in time.");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    public Task UntilStateAsync(string uploadId, string target, DeliveryState state) =>
        UntilAsync(async () => (await DeliveryAsync(uploadId, target)).State == state);

    /// <summary>Moves the clock in small steps until something holds.</summary>
    /// <returns>How far it had to be moved.</returns>
    public async Task<TimeSpan> AdvanceUntilAsync(Func<Task<bool>> holds, TimeSpan most)
    {
        var step = most > TimeSpan.FromMinutes(1) ? TimeSpan.FromSeconds(1) : TimeSpan.FromMilliseconds(200);
        var start = Clock.GetUtcNow();
        while (true)
        {
            // Time for what the last step has set going.
            for (var tries = 0; tries < 8; tries++)
            {
                if (await holds())
                    return Clock.GetUtcNow() - start;
                await Task.Delay(2, TestContext.Current.CancellationToken);
            }

            Assert.True(Clock.GetUtcNow() - start < most, "It did not come about in time.");
            Clock.Advance(step);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var target in _targets.Values)
            target.LetGo();
        if (_worker is not null)
            await StopAsync();
        Ledger.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }

    private sealed class TestFactory(IReadOnlyDictionary<string, TestTarget> targets) : IDestinationFactory
    {
        public IDeliveryDestination? Create(DeliveryTarget target) => targets[target.Name];
    }

    private sealed class TestReports : IReportWriter
    {
        public OutboxMessage FileCopy(DeliveryRecord delivery, ImmutableSortedDictionary<string, string> manifest, DeliveryAttempt attempt, DateTimeOffset startedAt) =>
            new(MessageKind.Report, delivery.UploadId, "blob-file-copy", System.Text.Encoding.UTF8.GetBytes(attempt.Succeeded ? "SUCCESS" : "FAILURE"));

        public OutboxMessage MetadataTransform(string uploadId, ImmutableSortedDictionary<string, string> manifest, string ingestedAt) => throw new NotSupportedException();

        public OutboxMessage MetadataVerify(string uploadId, ImmutableSortedDictionary<string, string> manifest, IReadOnlyList<string> problems, DateTimeOffset startedAt, DateTimeOffset endedAt) => throw new NotSupportedException();

        public OutboxMessage UploadStarted(string uploadId, ImmutableSortedDictionary<string, string> manifest) => throw new NotSupportedException();

        public OutboxMessage UploadStatus(string uploadId, ImmutableSortedDictionary<string, string> manifest, long offset, long? length) => throw new NotSupportedException();

        public OutboxMessage UploadCompleted(string uploadId, ImmutableSortedDictionary<string, string> manifest) => throw new NotSupportedException();

        public OutboxMessage UploadRejected(string uploadId, ImmutableSortedDictionary<string, string> manifest, string complaint) => throw new NotSupportedException();
    }
}

/// <summary>Remembers what was sent.</summary>
internal sealed class TestOutbox : IOutbox
{
    public ConcurrentQueue<OutboxMessage> Sent { get; } = new();

    public Task PublishAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SendAsync(OutboxBatch batch, CancellationToken cancellationToken)
    {
        foreach (var message in batch.Messages)
            Sent.Enqueue(message);
        return Task.CompletedTask;
    }

    public void SendPassing(OutboxMessage message) => throw new NotSupportedException();

    public Task SendPassingAsync(OutboxMessage message, CancellationToken cancellationToken) => throw new NotSupportedException();
}

/// <summary>Has every upload, unless told otherwise.</summary>
internal sealed class TestSource : IDeliverySource
{
    public static readonly byte[] Content = [1, 2, 3, 4, 5];

    public bool IsEmpty { get; set; }

    public string NotFoundMessage => "source file does not exist";

    public ValueTask<SourceFile?> FindAsync(string uploadId, FinishedUpload? finished, CancellationToken cancellationToken) =>
        ValueTask.FromResult<SourceFile?>(IsEmpty ? null : new TestSourceFile(Content) { UploadId = uploadId });
}

/// <summary>A target that works, fails or hangs.</summary>
internal sealed class TestTarget : IDeliveryDestination
{
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;

    /// <summary>What every delivery ends with; null for success.</summary>
    public Func<Exception>? Failure { get; set; }

    /// <summary>Deliveries hang until cancelled.</summary>
    public bool Hangs { get; set; }

    /// <summary>Deliveries that hang cannot be cancelled either.</summary>
    public bool IsDeaf { get; set; }

    public ConcurrentQueue<string> Started { get; } = new();

    public ConcurrentQueue<string> Delivered { get; } = new();

    public int MostAtOnce { get; private set; }

    public int Running => Volatile.Read(ref _running);

    public void LetGo() => _letGo.TrySetResult();

    public async ValueTask<DeliveredFile> DeliverAsync(SourceFile source, string path, IProgress<long> progress, CancellationToken cancellationToken)
    {
        lock (_letGo)
            MostAtOnce = Math.Max(MostAtOnce, ++_running);
        Started.Enqueue(source.UploadId);
        try
        {
            if (Hangs)
                await _letGo.Task.WaitAsync(IsDeaf ? CancellationToken.None : cancellationToken);
            await Task.Yield();
            if (Failure is { } failure)
                throw failure();
            Delivered.Enqueue(source.UploadId);
            return new DeliveredFile($"there/{path}", []);
        }
        finally
        {
            lock (_letGo)
                _running--;
        }
    }

    public ValueTask PrepareAsync(DateTimeOffset startedAt, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask CheckAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
