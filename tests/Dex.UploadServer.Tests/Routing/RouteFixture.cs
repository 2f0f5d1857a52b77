using System.Collections.Immutable;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Routing;

/// <summary>The routing room on a port of its own, over a real ledger, and a source and an outbox in memory.</summary>
internal sealed class RouteFixture : IDeliverySource, IOutbox, IDeliverySignal, IAsyncDisposable
{
    public const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    private readonly string _folder = Directory.CreateTempSubdirectory("dex-route-").FullName;
    private readonly WebApplication _app;

    private RouteFixture(string yaml, EventTransport? events)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(new EnvironmentReader(new Dictionary<string, string> { ["LEDGER_CONNECTION_STRING"] = $"sqlite:{_folder}/ledger.db" }));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddLedger();
        builder.Services.AddSingleton<IDeliverySource>(this);
        builder.Services.AddSingleton<IOutbox>(this);
        builder.Services.AddSingleton<IDeliverySignal>(this);
        builder.Services.AddSingleton(events ?? EventTransport.Local);
        builder.AddRouting();
        builder.Services.Replace(ServiceDescriptor.Singleton(new DeliveryFiles().Parse(yaml)));
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapRouting();
    }

    public ILedger Ledger => _app.Services.GetRequiredService<ILedger>();

    public Dictionary<string, ImmutableSortedDictionary<string, string>> Finished { get; } = [];

    public List<OutboxMessage> Sent { get; } = [];

    public List<string> Notified { get; } = [];

    public HttpClient Client { get; } = new();

    public Uri Address => new(_app.Urls.First());

    public string NotFoundMessage => "source file does not exist";

    public static async Task<RouteFixture> StartAsync(string yaml, EventTransport? events = null)
    {
        var fixture = new RouteFixture(yaml, events);
        await fixture._app.StartAsync();
        fixture.Client.BaseAddress = fixture.Address;
        fixture.Client.Timeout = TimeSpan.FromSeconds(20);
        return fixture;
    }

    public ValueTask<SourceFile?> FindAsync(string uploadId, FinishedUpload? finished, CancellationToken cancellationToken) =>
        ValueTask.FromResult<SourceFile?>(Finished.TryGetValue(uploadId, out var metadata)
            ? new EmptyFile { UploadId = uploadId, Length = 0, Metadata = metadata }
            : null);

    public Task SendAsync(OutboxBatch batch, CancellationToken cancellationToken)
    {
        Sent.AddRange(batch.Messages);
        return Task.CompletedTask;
    }

    public Task PublishAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void SendPassing(OutboxMessage message) => throw new NotSupportedException();

    public Task SendPassingAsync(OutboxMessage message, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Notify(string targetKey) => Notified.Add(targetKey);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class EmptyFile : SourceFile
    {
        public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Stream.Null);
    }
}
