using System.Net;
using Dex.Testing;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Tests.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Health;

public sealed class HealthTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Services_are_told_in_order_and_one_that_is_down_degrades_all()
    {
        await using var app = await TelemetryApp.StartAsync(services: services => services
            .AddSingleton<IHealthProbe>(new Probe("File Source", HealthOrder.DeliverySource))
            .AddSingleton<IHealthProbe>(new Probe("oauth validator http://issuer", HealthOrder.OAuth, HealthyIssues.Empty))
            .AddSingleton<IHealthProbe>(new Probe("File Storage", HealthOrder.UploadStorage))
            .AddSingleton<IHealthProbeSource>(new Targets(
                new Probe("File Delivery Target edav", HealthOrder.DeliveryTarget, check: () => Issue("stat ./uploads/edav: no such file or directory")),
                new Probe("File Delivery Target routing", HealthOrder.DeliveryTarget))));

        using var response = await app.Client.GetAsync("/health", Stop);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(
            "{\"status\":\"DEGRADED\",\"services\":["
            + "{\"service\":\"oauth validator http://issuer\",\"status\":\"UP\",\"health_issue\":\"\"},"
            + "{\"service\":\"File Storage\",\"status\":\"UP\",\"health_issue\":\"None reported\"},"
            + "{\"service\":\"File Delivery Target edav\",\"status\":\"DOWN\",\"health_issue\":\"stat ./uploads/edav: no such file or directory\"},"
            + "{\"service\":\"File Delivery Target routing\",\"status\":\"UP\",\"health_issue\":\"None reported\"},"
            + "{\"service\":\"File Source\",\"status\":\"UP\",\"health_issue\":\"None reported\"}]}",
            await response.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task Without_services_all_is_well()
    {
        await using var app = await TelemetryApp.StartAsync();

        Assert.Equal("{\"status\":\"UP\",\"services\":[]}", await app.Client.GetStringAsync("/health", Stop));
    }

    [Fact]
    public async Task A_probe_that_throws_is_down_with_what_it_said()
    {
        await using var app = await TelemetryApp.StartAsync(services: services => services
            .AddSingleton<IHealthProbe>(new Probe("File Storage", HealthOrder.UploadStorage, check: () => throw new IOException("<broken>\n\"pipe\""))));

        Assert.Equal(
            "{\"status\":\"DEGRADED\",\"services\":[{\"service\":\"File Storage\",\"status\":\"DOWN\",\"health_issue\":\"\\u003cbroken\\u003e\\n\\\"pipe\\\"\"}]}",
            await app.Client.GetStringAsync("/health", Stop));
    }

    [Fact]
    public async Task A_probe_that_blocks_its_thread_is_down_in_time_and_not_started_again()
    {
        var clock = new ManualClock();
        using var release = new ManualResetEventSlim();
        using var started = new SemaphoreSlim(0);
        var starts = 0;
        var stuck = new Probe("File Storage", HealthOrder.UploadStorage, check: () =>
        {
            Interlocked.Increment(ref starts);
            started.Release();
            release.Wait(TimeSpan.FromSeconds(20));
            return default;
        });
        var checker = new HealthChecker([stuck], [], clock);

        var answers = new[] { checker.CheckAsync(), checker.CheckAsync() };
        Assert.True(await started.WaitAsync(TimeSpan.FromSeconds(20), Stop));
        clock.Advance(TimeSpan.FromSeconds(5));
        var services = (await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(20), Stop))[1];
        release.Set();

        Assert.Equal(1, starts);
        Assert.Equal(new ServiceHealth("File Storage", false, "no answer within 4.5 seconds"), Assert.Single(services));
    }

    [Fact]
    public async Task The_version_ends_with_a_new_line_and_the_banner_does_not()
    {
        await using var app = await TelemetryApp.StartAsync(services: services => services
            .AddSingleton<TimeProvider>(new ManualClock())
            .AddSingleton(new BuildInfo("cdcgov/data-exchange-upload", "2.8.0", "2e4c9f4")));

        var version = await app.Client.GetStringAsync("/version", Stop);
        var banner = await app.Client.GetStringAsync("/", Stop);
        using var posted = await app.Client.PostAsync("/", content: null, Stop);
        using var unknown = await app.Client.GetAsync("/index.html", Stop);

        Assert.Equal("{\"repo\":\"cdcgov/data-exchange-upload\",\"latest_release_version\":\"2.8.0\",\"git_short_sha\":\"2e4c9f4\"}\n", version);
        Assert.StartsWith("{\"system\":\"DEX\",\"dex_product\":\"UPLOAD API\",\"dex_app\":\"upload server\",\"server_time\":\"2025-06-05T", banner, StringComparison.Ordinal);
        Assert.EndsWith("\"}", banner, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public void A_build_without_build_arguments_says_nothing_rather_than_something_wrong() =>
        Assert.Equal(new BuildInfo("", "", ""), BuildInfo.Of(typeof(object).Assembly));

    private static ValueTask<string?> Issue(string text) => ValueTask.FromResult<string?>(text);

    private sealed class Probe(string service, int order, string healthyIssue = HealthyIssues.NoneReported, Func<ValueTask<string?>>? check = null) : IHealthProbe
    {
        public string Service => service;

        public string HealthyIssue => healthyIssue;

        public int Order => order;

        public ValueTask<string?> CheckAsync(CancellationToken cancellationToken) => check?.Invoke() ?? default;
    }

    private sealed class Targets(params IHealthProbe[] probes) : IHealthProbeSource
    {
        public IEnumerable<IHealthProbe> Probes => probes;
    }
}
