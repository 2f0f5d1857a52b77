using System.Net;
using Dex.Testing;
using Dex.Tus.Concatenation;
using Dex.Tus.Lifecycle;
using Dex.Tus.Limits;
using Dex.Tus.Locking;
using Dex.Tus.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dex.Tus.Tests;

/// <summary>The engine on a real Kestrel with uploads in memory.</summary>
public sealed class TusServer : IAsyncLifetime
{
    private readonly WebApplication _app;

    public TusServer() : this(_ => { }) { }

    /// <summary>Another process over the same uploads.</summary>
    internal TusServer(MemoryUploadStore store) : this(_ => { }, store) { }

    internal TusServer(Action<TusOptions> configure, Func<MemoryUploadStore, IUploadStore>? behind = null, TimeProvider? clock = null)
        : this(configure, new MemoryUploadStore(), behind, clock) { }

    private TusServer(
        Action<TusOptions> configure, MemoryUploadStore store, Func<MemoryUploadStore, IUploadStore>? behind = null, TimeProvider? clock = null)
    {
        Store = store;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestHeadersTotalSize = 128 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 200;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttp2Preface(TimeSpan.FromSeconds(75), TimeSpan.FromSeconds(15), TimeProvider.System).UseHalfClose());
        });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(clock ?? TimeProvider.System);
        builder.Services.AddTus();
        builder.Services.AddSingleton(behind?.Invoke(Store) ?? Store);
        builder.Services.AddSingleton<IUploadLifecycle>(Lifecycle);
        builder.Services.Configure(configure);
        _app = builder.Build();
        _app.UseTus();
        _app.MapGet("/", () => "root");
    }

    public MemoryUploadStore Store { get; }

    public RecordingLifecycle Lifecycle { get; } = new();

    public MemoryUploadLocker Locker => (MemoryUploadLocker)_app.Services.GetRequiredService<IUploadLocker>();

    public PendingFinals Finals => _app.Services.GetRequiredService<PendingFinals>();

    internal ClientLimits Clients => _app.Services.GetRequiredService<ClientLimits>();

    public int Port { get; private set; }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask InitializeAsync()
    {
        await _app.StartAsync();
        Port = new Uri(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()).Port;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>Sends one request on a connection of its own and reads the answer.</summary>
    public async Task<RawAnswer> RequestAsync(string request)
    {
        using var connection = await RawConnection.OpenAsync(Port);
        await connection.SendAsync(request);
        return await connection.ReadAnswerAsync(request.StartsWith("HEAD", StringComparison.Ordinal))
            ?? throw new IOException("the connection was closed without an answer");
    }

    /// <summary>A request in tus 1.0; <paramref name="headers"/> are whole lines.</summary>
    public Task<RawAnswer> TusAsync(string method, string path, string body = "", params string[] headers) =>
        RequestAsync(Compose(method, path, body, headers));

    /// <summary>The text of a request in tus 1.0.</summary>
    public static string Compose(string method, string path, string body, params string[] headers) =>
        $"{method} {path} HTTP/1.1\r\nHost: up.example\r\nTus-Resumable: 1.0.0\r\n"
        + string.Concat(headers.Select(header => header + "\r\n"))
        + (headers.Any(header => header.StartsWith("Content-Length", StringComparison.Ordinal) || header.StartsWith("Transfer-Encoding", StringComparison.Ordinal)) ? "" : $"Content-Length: {body.Length}\r\n")
        + $"\r\n{body}";

    /// <summary>Creates an upload and returns its id.</summary>
    public async Task<string> CreateAsync(long? length, params string[] headers)
    {
        var answer = await TusAsync("POST", "/files", "", [length is null ? "Upload-Defer-Length: 1" : $"Upload-Length: {length}", .. headers]);
        Assert.Equal(201, answer.Status);
        return answer.Header("Location")!.Split('/')[^1];
    }

    /// <summary>Appends bytes.</summary>
    public Task<RawAnswer> PatchAsync(string uploadId, long offset, string body, params string[] headers) =>
        TusAsync("PATCH", $"/files/{uploadId}", body, ["Content-Type: application/offset+octet-stream", $"Upload-Offset: {offset}", .. headers]);

    /// <summary>The offset HEAD tells.</summary>
    public async Task<string?> OffsetAsync(string uploadId) => (await TusAsync("HEAD", $"/files/{uploadId}")).Header("Upload-Offset");
}
