using Dex.Testing;
using Dex.UploadServer.Tests.Hosting;
using Dex.UploadServer.Tests.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dex.UploadServer.Tests.Sequences;

/// <summary>A server over a folder that outlives it.</summary>
internal abstract class RestartableServer : IAsyncDisposable
{
    public ServerFolder Folder { get; } = new("edav");

    public abstract int Port { get; }

    /// <summary>Whether every byte that was received is there after a restart, or only those that were acknowledged.</summary>
    public abstract bool EndsInOrder { get; }

    /// <summary>Starts another server over the same folder.</summary>
    public abstract Task RestartAsync();

    public abstract ValueTask DisposeAsync();

    /// <summary>What <c>/info</c> says; it disturbs no body that is under way.</summary>
    public async Task<ServerInfo?> FindInfoAsync(string uploadId)
    {
        using var connection = await RawConnection.OpenAsync(Port);
        await connection.SendAsync($"GET /info/{uploadId} HTTP/1.1\r\nHost: a\r\n\r\n");
        var answer = await connection.ReadAnswerAsync();
        return answer is { Status: 200 } ? ServerInfo.Parse(answer.Body) : null;
    }
}

/// <summary>In this process, stopped in order.</summary>
internal sealed class StoppedServer : RestartableServer
{
    private WebApplication _app;

    private StoppedServer() => _app = Build();

    public override int Port => new Uri(_app.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;

    public override bool EndsInOrder => true;

    public static async Task<StoppedServer> StartAsync()
    {
        var server = new StoppedServer();
        await server._app.StartAsync();
        return server;
    }

    public override async Task RestartAsync()
    {
        await StopAsync();
        _app = Build();
        await _app.StartAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        Folder.Dispose();
    }

    private async Task StopAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private WebApplication Build()
    {
        var deliveryFile = Folder.At("configs", "local", "here.yml");
        File.WriteAllText(deliveryFile, File.ReadAllText(Folder.At("configs", "local", "delivery.yml")).Replace("./uploads", Folder.At("uploads"), StringComparison.Ordinal));
        return Program.Build([], Variables.Of(
            "UI_PORT=", "UPLOAD_DURABILITY=none",
            $"LOCAL_FOLDER_UPLOADS_TUS={Folder.At("uploads")}", $"LOCAL_REPORTS_FOLDER={Folder.Reports}", $"LOCAL_EVENTS_FOLDER={Folder.Events}",
            $"UPLOAD_CONFIG_PATH={Folder.At("upload-configs")}", $"DEX_DELIVERY_CONFIG_FILE={deliveryFile}"),
            builder => builder.Services.Replace(ServiceDescriptor.Singleton(new CapturedLog().Writer)));
    }
}

/// <summary>A process of its own, killed.</summary>
internal sealed class KilledServer : RestartableServer
{
    private ServerProcess? _process;

    public override int Port => _process!.Port;

    public override bool EndsInOrder => false;

    public static async Task<KilledServer> StartAsync()
    {
        var server = new KilledServer();
        await server.StartProcessAsync();
        return server;
    }

    public override async Task RestartAsync()
    {
        await _process!.KillAsync(CancellationToken.None);
        await _process.DisposeAsync();
        await StartProcessAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _process!.DisposeAsync();
        Folder.Dispose();
    }

    private async Task StartProcessAsync() =>
        _process = await ServerProcess.StartAsync(Folder, CancellationToken.None, new Dictionary<string, string> { ["UPLOAD_DURABILITY"] = "none" });
}
