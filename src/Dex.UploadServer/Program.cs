using Dex.UploadServer.Aws;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Entra;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Info;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Dex.UploadServer.Retention;
using Dex.UploadServer.Routing;
using Dex.UploadServer.Storage;
using Dex.UploadServer.Telemetry;
using Dex.UploadServer.Uploads;

namespace Dex.UploadServer;

/// <summary>The table of contents.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) =>
        new Launcher(Build, EnvironmentVariables.OfProcess(), Console.Out, Console.Error) { Sweep = new(BuildForSweep, SweepCommand.RunAsync) }.RunAsync(args);

    public static WebApplication Build(string[] args, IReadOnlyDictionary<string, string> environment) =>
        Build(args, environment, also: null);

    /// <summary>The whole server, not started; it knows no variables but those of <paramref name="environment"/> and the file named in <paramref name="args"/>.</summary>
    /// <param name="also">What a test adds or replaces.</param>
    public static WebApplication Build(
        string[] args, IReadOnlyDictionary<string, string> environment, Action<WebApplicationBuilder>? also)
    {
        var app = Assemble(args, environment, also);
        app.UseTelemetry();                    // counts every answer, the refused ones too
        app.UseHosting();                      // 503 while stopping, clean paths
        app.UseUploads();                      // /files
        app.UseRouting();
        app.UseUnknownPath();                  // 404
        app.MapInfo();                         // /info/{id}
        app.MapRouting();                      // /route/{id}
        app.MapHealth();                       // /health, /version, /
        app.MapMetrics();                      // /metrics
        return app;
    }

    // The rooms without their doors, for a command that speaks on standard output.
    private static WebApplication BuildForSweep(string[] args, IReadOnlyDictionary<string, string> environment) =>
        Assemble(args, environment, builder => builder.LogToStandardError());

    private static WebApplication Assemble(
        string[] args, IReadOnlyDictionary<string, string> environment, Action<WebApplicationBuilder>? also)
    {
        // Empty: no appsettings.json, no ASPNETCORE_ variables, nothing that operators were not told of.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());

        builder.AddHosting(args, environment); // variables, ports, start and stop
        builder.AddTelemetry();                // log and metrics
        builder.AddHealth();
        builder.AddAws();                      // credentials, region, endpoints
        builder.AddEntra();                    // identity for Azure
        builder.AddLedger();                   // SQLite
        builder.AddMessaging();                // report and event files, SNS, SQS, Service Bus
        builder.AddManifests();
        builder.AddReports();
        builder.AddStorage();                  // file system or S3
        builder.AddRouting();                  // the delivery file
        builder.AddDelivery();
        builder.AddUploads();                  // tus
        builder.AddRetention();                // clean-up of the store
        builder.AddInfo();
        also?.Invoke(builder);

        var app = builder.Build();
        app.CheckConfiguration();              // all complaints at once
        return app;
    }
}
