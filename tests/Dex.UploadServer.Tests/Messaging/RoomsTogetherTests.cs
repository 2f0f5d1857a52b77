using System.Collections.Immutable;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dex.UploadServer.Tests.Messaging;

/// <summary>Ledger, Messaging and Reports through their front doors, as the server starts and stops them.</summary>
public sealed class RoomsTogetherTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rooms-{Guid.NewGuid():N}");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_published_before_a_stop_is_in_the_files_and_the_ledger_is_one_closed_file()
    {
        var uploadId = MessagingFixture.NewId();
        using (var host = Build())
        {
            await host.StartAsync(Stop);
            var report = host.Services.GetRequiredService<IReportWriter>().UploadStarted(uploadId, ImmutableSortedDictionary<string, string>.Empty);
            await host.Services.GetRequiredService<IOutbox>().PublishAsync([report], Stop);
            await host.StopAsync(Stop);
        }

        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder, "reports", $"{uploadId}_upload-started"), Stop));
        Assert.Equal(["ledger.db"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_sink_that_cannot_write_delays_neither_publishing_nor_the_stop()
    {
        Directory.CreateDirectory(_folder);
        await File.WriteAllTextAsync(Path.Combine(_folder, "reports"), "a file where the folder should be", Stop);
        var uploadId = MessagingFixture.NewId();
        using var host = Build();
        await host.StartAsync(Stop);

        await host.Services.GetRequiredService<IOutbox>().PublishAsync([MessagingFixture.Report(uploadId, "upload-started", "{}")], Stop);
        await host.StopAsync(Stop).WaitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Single(await host.Services.GetRequiredService<ILedger>().ReadOutboxAsync(0, 10, Stop));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddMetrics();
        builder.Services.AddLogging();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new BuildInfo("", "", ""));
        builder.Services.AddSingleton(new EnvironmentReader(new Dictionary<string, string>
        {
            ["LEDGER_CONNECTION_STRING"] = $"sqlite:{_folder}/ledger.db",
            ["LOCAL_REPORTS_FOLDER"] = Path.Combine(_folder, "reports"),
            ["LOCAL_EVENTS_FOLDER"] = Path.Combine(_folder, "events"),
        }));
        builder.AddLedger();
        builder.AddMessaging();
        builder.AddReports();
        return builder.Build();
    }
}
