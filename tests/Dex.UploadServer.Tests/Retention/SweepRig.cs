using System.Diagnostics.Metrics;
using Dex.Testing;
using Dex.Tus;
using Dex.Tus.Concatenation;
using Dex.Tus.Lifecycle;
using Dex.Tus.Locking;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Ledger.Sqlite;
using Dex.UploadServer.Retention;
using Dex.UploadServer.Storage.FileSystem;
using Dex.UploadServer.Tests.Delivery;
using Dex.UploadServer.Tests.Ledger;
using Dex.UploadServer.Tests.Storage;
using Dex.UploadServer.Uploads;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using UploadRecord = Dex.UploadServer.Ledger.UploadRecord;

namespace Dex.UploadServer.Tests.Retention;

/// <summary>A sweeper over real files and a real ledger, under a clock that moves only when told to. Uploads expire after an hour.</summary>
internal sealed class SweepRig : IDisposable
{
    public static readonly TimeSpan Period = TimeSpan.FromHours(1);

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly SqliteLedger _ledger;

    public SweepRig(RetentionOptions? options = null, TimeSpan? expiration = null)
    {
        SQLitePCL.Batteries_V2.Init();
        _ledger = new SqliteLedger(Options.Create(new LedgerOptions { UploadsFolder = Folder.Base }), Clock);
        FlakyLedger = new FlakyLedger(_ledger);
        Store = Folder.Open();
        Directory.CreateDirectory(Folder.Uploads);
        var tus = Options.Create(new TusOptions { Expiration = expiration ?? Period });
        Expiration = new UploadExpiration(Store, Clock, tus);
        Survey = new SweepSurvey(Store, Store, new UploadLeftovers(Folder.Folder), Expiration, Options.Create(options ?? new RetentionOptions()), tus, Clock);
        var meters = _services.GetRequiredService<IMeterFactory>();
        var removal = new SweepRemoval(
            Survey, Store, new UploadLeftovers(Folder.Folder), Locker, new PendingFinals(Store), FlakyLedger, new UploadMetrics(meters), Clock, NullLogger<SweepRemoval>.Instance);
        Sweeper = new Sweeper(Survey, removal, new RetentionMetrics(meters), Clock, NullLogger<Sweeper>.Instance);
    }

    public ManualClock Clock { get; } = new();

    public FileStoreFolder Folder { get; } = new() { Durability = UploadDurability.None };

    public FileSystemUploadStore Store { get; }

    public MemoryUploadLocker Locker { get; } = new();

    public ILedger Ledger => _ledger;

    public FlakyLedger FlakyLedger { get; }

    public UploadExpiration Expiration { get; }

    public SweepSurvey Survey { get; }

    public Sweeper Sweeper { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public Task<SweepReport> SweepAsync(bool dryRun = false) => Sweeper.RunAsync(dryRun, guard: null, Stop);

    /// <summary>An upload in store and ledger whose last byte came so long ago.</summary>
    public async Task<string> UploadAsync(TimeSpan age, long? length = 5, int bytes = 3, UploadKind kind = UploadKind.Whole, params string[] parts)
    {
        var creation = new NewUpload { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Empty, Kind = kind, Parts = [.. parts] };
        var upload = await Store.CreateAsync(creation, Stop);
        await _ledger.RecordCreationAsync(LedgerSamples.Upload(upload.Id), [], Stop);
        if (bytes > 0)
        {
            using var body = await Bodies.OfAsync(bytes, Bodies.Random(bytes));
            upload = await Store.AppendAsync(upload, body, Stop);
        }

        if (upload.IsComplete)
        {
            await Store.FinishAsync(upload, Stop);
            await _ledger.CompleteUploadAsync(LedgerSamples.Completion(upload.Id), Stop);
        }

        Age(upload.Id, age);
        return upload.Id;
    }

    /// <summary>Makes a file of the upload look as if it had been written so long ago.</summary>
    public void Age(string uploadId, TimeSpan age, string suffix = "") =>
        File.SetLastWriteTimeUtc(Folder.PathOf(uploadId, suffix), (Clock.GetUtcNow() - age).UtcDateTime);

    public bool IsStored(string uploadId) => File.Exists(Folder.PathOf(uploadId)) && File.Exists(Folder.PathOf(uploadId, ".info"));

    public bool IsGone(string uploadId) => !Folder.Names().Any(name => name.Contains(uploadId, StringComparison.Ordinal));

    public async Task<UploadRecord> RecordAsync(string uploadId) => (await _ledger.FindUploadAsync(uploadId, Stop))!;

    public void Dispose()
    {
        _ledger.Dispose();
        _services.Dispose();
        Folder.Dispose();
    }
}
