using System.Diagnostics.Metrics;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Telemetry;

/// <summary>A server with nothing in it but telemetry, health and what a test maps.</summary>
internal sealed class TelemetryApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TelemetryApp(WebApplication app)
    {
        _app = app;
    }

    public CapturedLog Log { get; private init; } = null!;

    public HttpClient Client { get; private init; } = null!;

    public IServiceProvider Services => _app.Services;

    public static async Task<TelemetryApp> StartAsync(
        Dictionary<string, string>? variables = null,
        Action<IServiceCollection>? services = null,
        Action<IEndpointRouteBuilder>? map = null)
    {
        var log = new CapturedLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(new EnvironmentReader(variables ?? []));
        builder.Services.AddSingleton(log.Writer);
        services?.Invoke(builder.Services);
        builder.AddTelemetry();
        builder.AddHealth();
        var app = builder.Build();
        app.UseTelemetry();
        app.MapMetrics();
        app.MapHealth();
        map?.Invoke(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TelemetryApp(app)
        {
            Log = log,
            Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(20) },
        };
    }

    public Meter CreateMeter(string name) => Services.GetRequiredService<IMeterFactory>().Create(name);

    public ILogger CreateLogger(string category) => Services.GetRequiredService<ILoggerFactory>().CreateLogger(category);

    public async Task<Exposition> ScrapeAsync() =>
        Exposition.Parse(await Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        Log.Dispose();
    }
}
