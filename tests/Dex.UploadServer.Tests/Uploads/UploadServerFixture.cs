using System.Text.Json;
using Dex.Testing;
using Dex.Tus.Locking;
using Dex.UploadServer.Tests.Hosting;
using Dex.UploadServer.Tests.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dex.UploadServer.Tests.Uploads;

/// <summary>The whole server in this process, on a folder of its own, with one target.</summary>
public sealed class UploadServerFixture : IAsyncLifetime
{
    private readonly ServerFolder _folder = new("edav");
    private readonly WebApplication _app;

    public UploadServerFixture()
    {
        var deliveryFile = _folder.At("configs", "local", "delivery.yml");
        File.WriteAllText(deliveryFile, File.ReadAllText(deliveryFile).Replace("./uploads", _folder.At("uploads"), StringComparison.Ordinal));
        _app = Program.Build([], Variables.Of(
            "UI_PORT=", "UPLOAD_DURABILITY=none",
            $"LOCAL_FOLDER_UPLOADS_TUS={_folder.At("uploads")}", $"LOCAL_REPORTS_FOLDER={_folder.Reports}", $"LOCAL_EVENTS_FOLDER={_folder.Events}",
            $"UPLOAD_CONFIG_PATH={_folder.At("upload-configs")}", $"DEX_DELIVERY_CONFIG_FILE={deliveryFile}"),
            builder => builder.Services.Replace(ServiceDescriptor.Singleton(Log.Writer)));
    }

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };

    internal CapturedLog Log { get; } = new();

    public int Port => new Uri(_app.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;

    public async ValueTask InitializeAsync()
    {
        await _app.StartAsync();
        Http.BaseAddress = new Uri($"http://127.0.0.1:{Port}");
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Takes the lock of an upload and keeps it, whoever asks for it.</summary>
    public async Task<IAsyncDisposable> HoldAsync(string uploadId) =>
        await _app.Services.GetRequiredService<IUploadLocker>().AcquireAsync(uploadId, CancellationToken.None) ?? throw new InvalidOperationException("no lock");

    /// <summary>An upload's record beside its data.</summary>
    public string RecordPath(string uploadId) => Path.Combine(_folder.Uploads, $"{uploadId}.info");

    /// <summary>The lines of one report file; none if there is no such file.</summary>
    public IReadOnlyList<JsonElement> Reports(string uploadId, string type) => Lines(Path.Combine(_folder.Reports, $"{uploadId}_{type}"));

    /// <summary>The offsets that upload-status tells, in the file's order.</summary>
    public IEnumerable<long> Offsets(string uploadId) =>
        Reports(uploadId, "upload-status").Select(report => report.GetProperty("content").GetProperty("offset").GetInt64());

    public IReadOnlyList<JsonElement> Events(string uploadId) => Lines(Path.Combine(_folder.Events, $"{uploadId}_FileReady"));

    private static List<JsonElement> Lines(string path) =>
        File.Exists(path) ? [.. File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement)] : [];
}
