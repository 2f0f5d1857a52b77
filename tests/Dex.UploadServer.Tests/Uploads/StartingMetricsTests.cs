using Dex.UploadServer.Tests.Telemetry;

namespace Dex.UploadServer.Tests.Uploads;

/// <summary>What a dashboard finds before the first upload (spec: metrics-logs-traces.md 2 and 6).</summary>
public sealed class StartingMetricsTests(UploadServerFixture server) : IClassFixture<UploadServerFixture>
{
    [Theory]
    [InlineData("http_requests_total", "counter")]
    [InlineData("dex_server_connections_open", "gauge")]
    [InlineData("dex_server_active_uploads", "gauge")]
    [InlineData("dex_server_upload_speed_bytes_per_second", "histogram")]
    [InlineData("upload_manifest_count", "counter")]
    [InlineData("dex_server_events_total", "counter")]
    [InlineData("dex_server_queue_messages", "gauge")]
    [InlineData("dex_server_active_deliveries", "gauge")]
    [InlineData("dex_server_deliveries_total", "counter")]
    [InlineData("dex_server_delivery_speed_bytes_per_second", "histogram")]
    [InlineData("tusd_requests_total", "counter")]
    [InlineData("tusd_errors_total", "counter")]
    [InlineData("tusd_bytes_received", "counter")]
    [InlineData("tusd_uploads_created", "counter")]
    [InlineData("tusd_uploads_finished", "counter")]
    [InlineData("tusd_uploads_terminated", "counter")]
    [InlineData("tusd_hook_invocations_total", "counter")]
    [InlineData("tusd_hook_errors_total", "counter")]
    public async Task A_family_is_there_from_the_start(string name, string type) =>
        Assert.Equal(type, (await ScrapeAsync()).Types[name]);

    [Theory]
    [InlineData("dex_server_active_uploads")]
    [InlineData("dex_server_queue_messages{queue=\"memory channel\"}")]
    [InlineData("dex_server_active_deliveries{target=\"edav\"}")]
    [InlineData("dex_server_deliveries_total{result=\"failed\",target=\"edav\"}")]
    [InlineData("dex_server_deliveries_total{result=\"completed\",target=\"edav\"}")]
    [InlineData("dex_server_upload_speed_bytes_per_second_count")]
    [InlineData("dex_server_upload_speed_bytes_per_second_bucket{le=\"+Inf\"}")]
    [InlineData("dex_server_delivery_speed_bytes_per_second_count{target=\"edav\"}")]
    [InlineData("dex_server_delivery_speed_bytes_per_second_bucket{target=\"edav\",le=\"10\"}")]
    [InlineData("tusd_requests_total{method=\"PATCH\"}")]
    public async Task A_series_begins_at_zero(string series) =>
        Assert.Equal(0, (await ScrapeAsync())[series]);

    private async Task<Exposition> ScrapeAsync() => Exposition.Parse(await server.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken));
}
