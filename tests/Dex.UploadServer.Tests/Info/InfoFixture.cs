using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Info;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Tests.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Info;

/// <summary>The info room on a port of its own, over a store, a ledger and old reports in memory.</summary>
internal sealed class InfoFixture : IUploadStore, IPredecessorReports, IAsyncDisposable
{
    private readonly WebApplication _app;

    private InfoFixture(Dictionary<string, string> variables)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(new EnvironmentReader(variables));
        builder.Services.AddSingleton<IUploadStore>(this);
        builder.Services.AddSingleton<IPredecessorReports>(this);
        builder.Services.AddSingleton<ILedger>(Ledger);
        builder.AddInfo();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapInfo();
    }

    public MemoryLedger Ledger { get; } = new();

    public Dictionary<string, Upload> Uploads { get; } = [];

    public Dictionary<string, PredecessorHistory> History { get; } = [];

    public List<string> LookUps { get; } = [];

    public Exception? Failure { get; set; }

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(20) };

    public static async Task<InfoFixture> StartAsync(Dictionary<string, string> variables)
    {
        var fixture = new InfoFixture(variables);
        await fixture._app.StartAsync();
        fixture.Client.BaseAddress = new Uri(fixture._app.Urls.First());
        return fixture;
    }

    ValueTask<Upload?> IUploadStore.FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        LookUps.Add(uploadId);
        return Failure is { } failure ? ValueTask.FromException<Upload?>(failure) : ValueTask.FromResult(Uploads.GetValueOrDefault(uploadId));
    }

    ValueTask<PredecessorHistory?> IPredecessorReports.FindAsync(string uploadId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(History.GetValueOrDefault(uploadId));

    public ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken) => throw new NotSupportedException();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
