using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Tests.Delivery;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Messaging;

/// <summary>The whole server in this process, with a queue of a broker, uploads that are always there, and targets that do as a test says.</summary>
internal sealed class BrokeredServer : IAsyncDisposable
{
    private readonly Tests.Delivery.TemporaryFolder _folder = new();
    private readonly WebApplication _app;

    private BrokeredServer(IReadOnlyDictionary<string, string> variables, IReadOnlyDictionary<string, TestTarget> targets, IEventHandler? handler, string[] assignments)
    {
        var deliveryFile = Path.Combine(_folder.Path, "delivery.yml");
        File.WriteAllText(deliveryFile, "targets:\n" + string.Concat(targets.Keys.Select(name => $"  {name}: {{type: file, path: /unused}}\n")));
        _app = Program.Build([], Variables.Of([
            "UI_PORT=", "UPLOAD_DURABILITY=none", $"LOCAL_FOLDER_UPLOADS_TUS={_folder.Path}", $"LOCAL_REPORTS_FOLDER={_folder.Path}/reports",
            $"LOCAL_EVENTS_FOLDER={_folder.Path}/events", $"DEX_DELIVERY_CONFIG_FILE={deliveryFile}",
            .. variables.Select(variable => $"{variable.Key}={variable.Value}"), .. assignments]), builder =>
        {
            builder.Services.AddLogging(logging => logging.ClearProviders().AddProvider(Log));
            builder.Services.RemoveAll<IDestinationFactory>();
            builder.Services.AddSingleton<IDestinationFactory>(new Factory(targets));
            builder.Services.Replace(ServiceDescriptor.Singleton<IDeliverySource>(new TestSource()));
            if (handler is not null)
                builder.Services.Replace(ServiceDescriptor.Singleton(handler));
        });
    }

    public RecordedLog Log { get; } = new();

    public ILedger Ledger => _app.Services.GetRequiredService<ILedger>();

    public static Task<BrokeredServer> StartAsync(BrokerService broker, string queue, IReadOnlyDictionary<string, TestTarget> targets, params string[] assignments) =>
        StartAsync(broker.Variables(queue), targets, assignments);

    /// <param name="variables">That name the broker and its queue.</param>
    public static Task<BrokeredServer> StartAsync(IReadOnlyDictionary<string, string> variables, IReadOnlyDictionary<string, TestTarget> targets, params string[] assignments) =>
        StartAsync(new BrokeredServer(variables, targets, null, assignments));

    /// <summary>A server that has its messages handled by the test.</summary>
    public static Task<BrokeredServer> StartAsync(BrokerService broker, string queue, IEventHandler handler, params string[] assignments) =>
        StartAsync(new BrokeredServer(broker.Variables(queue), new Dictionary<string, TestTarget> { ["t"] = new TestTarget() }, handler, assignments));

    public static string Event(string uploadId, string target, string sourceUrl = "") =>
        $$$"""{"id":"","type":"FileReady","retry_count":0,"upload_id":"{{{uploadId}}}","src_url":"{{{sourceUrl}}}","path":"p/{{{uploadId}}}","deliver_target":"{{{target}}}","Metadata":{"sender_id":"me"}}""";

    public Task StopAsync() => _app.StopAsync();

    private static async Task<BrokeredServer> StartAsync(BrokeredServer server)
    {
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class Factory(IReadOnlyDictionary<string, TestTarget> targets) : IDestinationFactory
    {
        public IDeliveryDestination? Create(DeliveryTarget target) => targets.GetValueOrDefault(target.Name);
    }
}
