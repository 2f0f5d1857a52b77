using System.Diagnostics.Metrics;
using Dex.UploadServer.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Dex.UploadServer.Tests.Telemetry;

public sealed class MetricsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hostile_label_values_neither_break_the_text_nor_double_a_series()
    {
        await using var app = await TelemetryApp.StartAsync();
        var counter = app.CreateMeter("Dex.Test").CreateCounter<long>("test_total", description: "Back\\slash and\nnew line.");
        string[] hostile = ["a\"b", "a\\b", "a\nb", "a\rb", "\u2028", "\ud800", "\udfff", "} 1\nevil 2", new string('x', 1_000_000), "", "Žluť \U0001F600"];
        foreach (var value in hostile)
            counter.Add(1, new KeyValuePair<string, object?>("label", value));

        var scraped = await app.ScrapeAsync();

        Assert.Equal(@"Back\\slash and\nnew line.", scraped.Helps["test_total"]);
        Assert.Equal(1, scraped[@"test_total{label=""a\""b""}"]);
        Assert.Equal(1, scraped[@"test_total{label=""a\\b""}"]);
        Assert.Equal(1, scraped[@"test_total{label=""a\nb""}"]);
        Assert.Equal(2, scraped["test_total{label=\"\ufffd\"}"]);
        Assert.Equal(hostile.Length - 1, scraped.Samples.Keys.Count(series => series.StartsWith("test_total{", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_histogram_has_the_frozen_bounds_and_exists_before_any_observation()
    {
        await using var app = await TelemetryApp.StartAsync();
        var histogram = app.CreateMeter("Dex.Test").CreateHistogram(
            "speed", unit: null, description: "Speed.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 20).Select(n => 10 * Math.Pow(2.5, n))] });
        histogram.EnsureExists(new KeyValuePair<string, object?>("target", "edav"));

        var before = await app.ScrapeAsync();
        histogram.Record(25, new KeyValuePair<string, object?>("target", "edav"));
        histogram.Record(1e12, new KeyValuePair<string, object?>("target", "edav"));
        var after = await app.ScrapeAsync();

        Assert.Equal("histogram", before.Types["speed"]);
        Assert.Equal(0, before["speed_bucket{target=\"edav\",le=\"10\"}"]);
        Assert.Equal(0, before["speed_bucket{target=\"edav\",le=\"+Inf\"}"]);
        Assert.Equal(0, before["speed_sum{target=\"edav\"}"]);
        Assert.Equal(0, before["speed_count{target=\"edav\"}"]);
        Assert.Equal(0, after["speed_bucket{target=\"edav\",le=\"10\"}"]);
        Assert.Equal(1, after["speed_bucket{target=\"edav\",le=\"25\"}"]);
        Assert.Equal(1, after["speed_bucket{target=\"edav\",le=\"3.637978807091713e+08\"}"]);
        Assert.Equal(2, after["speed_bucket{target=\"edav\",le=\"+Inf\"}"]);
        Assert.Equal(1e12 + 25, after["speed_sum{target=\"edav\"}"]);
        Assert.Equal(2, after["speed_count{target=\"edav\"}"]);
    }

    [Fact]
    public async Task Every_kind_of_instrument_is_shown_as_its_type()
    {
        await using var app = await TelemetryApp.StartAsync();
        var meter = app.CreateMeter("Dex.Test");
        var queue = new List<Measurement<int>> { new(3, new KeyValuePair<string, object?>("queue", "a")), new(4, new KeyValuePair<string, object?>("queue", "b")) };
        meter.CreateCounter<double>("t_counter", description: "h").Add(0.5);
        meter.CreateUpDownCounter<long>("t_updown", description: "h").Add(-2);
        meter.CreateGauge<long>("t_gauge", description: "h").Record(7);
        meter.CreateObservableCounter("t_observed_total", () => 9L, description: "h");
        meter.CreateObservableGauge("t_queue", () => queue, description: "h");
        meter.CreateObservableUpDownCounter("t_level", () => 1.5, description: "h");
        app.CreateMeter("Other.Meter").CreateCounter<long>("foreign", description: "h").Add(1);

        var first = await app.ScrapeAsync();
        queue.RemoveAt(1);
        var second = await app.ScrapeAsync();

        Assert.Equal((0.5, "counter"), (first["t_counter"], first.Types["t_counter"]));
        Assert.Equal((-2, "gauge"), (first["t_updown"], first.Types["t_updown"]));
        Assert.Equal((7, "gauge"), (first["t_gauge"], first.Types["t_gauge"]));
        Assert.Equal((9, "counter"), (first["t_observed_total"], first.Types["t_observed_total"]));
        Assert.Equal((1.5, "gauge"), (first["t_level"], first.Types["t_level"]));
        Assert.Equal(4, first["t_queue{queue=\"b\"}"]);
        Assert.DoesNotContain("foreign", first.Families);
        Assert.Equal(3, second["t_queue{queue=\"a\"}"]);
        Assert.DoesNotContain("t_queue{queue=\"b\"}", second.Samples.Keys);
    }

    [Fact]
    public async Task Labels_are_the_same_in_any_order_and_additions_from_many_threads_are_all_counted()
    {
        await using var app = await TelemetryApp.StartAsync();
        var counter = app.CreateMeter("Dex.Test").CreateCounter<double>("sum_total", description: "h");
        KeyValuePair<string, object?> type = new("type", "x"), op = new("op", 1);

        Parallel.For(0, 20_000, index => counter.Add(index % 2 == 0 ? 1 : 0.5, [.. index % 3 == 0 ? [type, op] : new[] { op, type }]));
        counter.Add(-5, type, op);
        counter.Add(double.NaN, type, op);

        Assert.Equal(15_000, (await app.ScrapeAsync())["sum_total{op=\"1\",type=\"x\"}"]);
    }

    [Fact]
    public async Task A_gauge_that_fails_hides_no_other()
    {
        await using var app = await TelemetryApp.StartAsync();
        app.CreateMeter("Dex.Test").CreateObservableGauge("broken", new Func<long>(() => throw new IOException("no queue")), description: "h");

        var scraped = await app.ScrapeAsync();

        Assert.Contains("go_goroutines", scraped.Families);
        Assert.DoesNotContain("broken", scraped.Families);
        Assert.Contains(app.Log.Lines, line => line.GetProperty("msg").GetString() == "some metrics could not be collected");
    }

    [Fact]
    public async Task The_text_format_is_sent_whatever_the_scraper_would_rather_have()
    {
        await using var app = await TelemetryApp.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");

        using var response = await app.Client.SendAsync(request, Stop);

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.NonValidated["Content-Type"].ToString());
        Assert.DoesNotContain("# EOF", await response.Content.ReadAsStringAsync(Stop));
        Assert.Empty(response.Content.Headers.ContentEncoding);
    }

    [Theory]
    [InlineData("gzip, deflate", true)]
    [InlineData("GZIP;q=0.5", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("identity", false)]
    [InlineData("@;;;=,", false)]
    public async Task Gzip_is_used_if_accepted(string accepted, bool expected)
    {
        await using var app = await TelemetryApp.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);

        using var response = await app.Client.SendAsync(request, Stop);

        Assert.Equal(expected, response.Content.Headers.ContentEncoding.Contains("gzip"));
        await using Stream body = await response.Content.ReadAsStreamAsync(Stop);
        using var reader = new StreamReader(expected ? new System.IO.Compression.GZipStream(body, System.IO.Compression.CompressionMode.Decompress) : body);
        Assert.Contains("process_open_fds", Exposition.Parse(await reader.ReadToEndAsync(Stop)).Families);
    }

    [Fact]
    public async Task Requests_are_counted_by_code_and_bounded_method()
    {
        await using var app = await TelemetryApp.StartAsync(map: endpoints =>
        {
            endpoints.MapGet("/fails", new RequestDelegate(_ => throw new InvalidOperationException("broken")));
            endpoints.Map("/teapot", context =>
            {
                context.Response.StatusCode = 418;
                return Task.CompletedTask;
            });
        });

        await app.Client.GetAsync("/version", Stop);
        await app.Client.GetAsync("/nowhere", Stop);
        await app.Client.GetAsync("/fails", Stop);
        for (var index = 0; index < 3; index++)
            await app.Client.SendAsync(new HttpRequestMessage(new HttpMethod($"HACK{index}"), "/teapot"), Stop);
        var scraped = await app.ScrapeAsync();

        Assert.Equal("How many HTTP requests processed, partitioned by status code and HTTP method.", scraped.Helps["http_requests_total"]);
        Assert.Equal(1, scraped["http_requests_total{code=\"200\",method=\"GET\"}"]);
        Assert.Equal(1, scraped["http_requests_total{code=\"404\",method=\"GET\"}"]);
        Assert.Equal(1, scraped["http_requests_total{code=\"500\",method=\"GET\"}"]);
        Assert.Equal(3, scraped["http_requests_total{code=\"418\",method=\"other\"}"]);
        Assert.Equal(1, scraped["dex_server_connections_open"]);
        Assert.Equal(1, scraped["promhttp_metric_handler_requests_in_flight"]);
        Assert.Equal(0, scraped["promhttp_metric_handler_requests_total{code=\"503\"}"]);
    }

    [Theory]
    [InlineData("process_cpu_seconds_total", "counter")]
    [InlineData("process_resident_memory_bytes", "gauge")]
    [InlineData("process_virtual_memory_bytes", "gauge")]
    [InlineData("process_open_fds", "gauge")]
    [InlineData("process_max_fds", "gauge")]
    [InlineData("process_start_time_seconds", "gauge")]
    [InlineData("go_goroutines", "gauge")]
    [InlineData("dotnet_gc_heap_bytes", "gauge")]
    [InlineData("dotnet_threadpool_threads", "gauge")]
    public async Task The_process_and_its_runtime_are_measured(string name, string type)
    {
        await using var app = await TelemetryApp.StartAsync();

        var scraped = await app.ScrapeAsync();

        Assert.Equal(type, scraped.Types[name]);
        Assert.True(scraped[name] > 0);
    }
}
