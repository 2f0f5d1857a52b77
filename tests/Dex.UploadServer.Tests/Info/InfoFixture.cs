using System.Collections.Immutable;
using Dex.Tus.Lifecycle;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Info;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Info;

/// <summary>The info room on a port of its own, over a store in memory and a real ledger and report folder.</summary>
internal sealed class InfoFixture : IUploadStore, IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dex-info-").FullName;
    private readonly WebApplication _app;

    private InfoFixture()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(new EnvironmentReader(new Dictionary<string, string>
        {
            ["TUSD_HANDLER_INFO_PATH"] = "upload/info",
            ["LEDGER_CONNECTION_STRING"] = $"sqlite:{_folder}/ledger.db",
            ["LOCAL_REPORTS_FOLDER"] = _folder,
            ["LOCAL_EVENTS_FOLDER"] = Path.Combine(_folder, "events"),
        }));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IUploadStore>(this);
        builder.Services.AddEnvironmentOptions<RoutePathOptions, RoutePathOptionsValidator>(RoutePathOptions.Read);
        builder.Services.AddEnvironmentOptions<MessagingOptions, MessagingOptionsValidator>(MessagingOptions.Read);
        builder.Services.AddSingleton<MessageFiles>();
        builder.Services.AddSingleton<ReportArchive>();
        builder.Services.AddSingleton<UploadExpiration>();
        builder.AddLedger();
        builder.AddInfo();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapInfo();
    }

    public ILedger Ledger => _app.Services.GetRequiredService<ILedger>();

    public Dictionary<string, Upload> Uploads { get; } = [];

    public List<string> LookUps { get; } = [];

    public Exception? Failure { get; set; }

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(20) };

    public static async Task<InfoFixture> StartAsync()
    {
        var fixture = new InfoFixture();
        await fixture._app.StartAsync();
        fixture.Client.BaseAddress = new Uri(fixture._app.Urls.First());
        return fixture;
    }

    /// <summary>Has the ledger know an upload, as complete if a time is given.</summary>
    public async Task RecordAsync(string uploadId, DateTimeOffset createdAt, DateTimeOffset? completedAt, params DeliveryAttempt[] attempts)
    {
        var record = new UploadRecord
        {
            UploadId = uploadId,
            Manifest = ImmutableSortedDictionary<string, string>.Empty,
            CreatedAt = createdAt,
            Length = 10,
            CompletedAt = completedAt,
        };
        if (completedAt is null)
            await Ledger.RecordCreationAsync(record, [], CancellationToken.None);
        else
            await Ledger.AdoptUploadAsync(new UploadCompletion(record, [], []), attempts, CancellationToken.None);
    }

    /// <summary>Writes report lines as a predecessor left them.</summary>
    public void Report(string uploadId, string type, DateTimeOffset at, params string[] lines)
    {
        var path = Path.Combine(_folder, $"{uploadId}_{type}");
        File.WriteAllLines(path, lines);
        File.SetLastWriteTimeUtc(path, at.UtcDateTime);
    }

    public ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        LookUps.Add(uploadId);
        return Failure is { } failure ? ValueTask.FromException<Upload?>(failure) : ValueTask.FromResult(Uploads.GetValueOrDefault(uploadId));
    }

    public ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken) => throw new NotSupportedException();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
