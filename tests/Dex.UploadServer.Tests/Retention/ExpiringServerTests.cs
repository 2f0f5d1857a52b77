using System.Net;
using Dex.Testing;
using Dex.UploadServer.Retention;
using Dex.UploadServer.Tests.Hosting;
using Dex.UploadServer.Tests.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dex.UploadServer.Tests.Retention;

/// <summary>The whole server with uploads that expire after an hour: time goes by the files' own (spec: tus.md 8).</summary>
public sealed class ExpiringServerTests : IDisposable
{
    private readonly ServerFolder _folder = new();
    private readonly CapturedLog _log = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Rule("EX2")]
    public async Task EX2_an_expired_upload_is_410_before_and_after_the_sweep_and_not_in_progress_for_info()
    {
        await using var server = await StartAsync("UPLOAD_SWEEP_INTERVAL=2592000");
        using var http = Client(server);
        var id = await http.CreateUploadAsync(5, "a.txt", Stop);
        await http.PatchAsync(id, 0, "hel"u8.ToArray(), Stop);
        var finished = await http.UploadAsync("hello"u8.ToArray(), "b.txt", Stop);
        Age(id, TimeSpan.FromMinutes(59));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, HttpMethod.Get, $"/info/{id}"));

        Age(id, TimeSpan.FromMinutes(61));
        Age(finished, TimeSpan.FromDays(1000));
        Assert.Equal(HttpStatusCode.Gone, await StatusAsync(http, HttpMethod.Head, $"/files/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, HttpMethod.Get, $"/info/{id}"));
        await server.Services.GetRequiredService<Sweeper>().RunAsync(dryRun: false, guard: null, Stop);

        Assert.False(File.Exists(Path.Combine(_folder.Uploads, id)));
        foreach (var method in (HttpMethod[])[HttpMethod.Head, HttpMethod.Delete])
            Assert.Equal(HttpStatusCode.Gone, await StatusAsync(http, method, $"/files/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, HttpMethod.Get, $"/info/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, HttpMethod.Head, $"/files/{Guid.NewGuid()}"));
        Assert.Equal(5, await http.ReadOffsetAsync(finished, Stop));
    }

    [Fact]
    public async Task The_server_sweeps_by_itself_and_tells_of_it_in_log_and_metrics()
    {
        await using var server = await StartAsync("UPLOAD_SWEEP_INTERVAL=1");
        using var http = Client(server);
        var id = await http.CreateUploadAsync(5, "a.txt", Stop);
        await http.PatchAsync(id, 0, "hel"u8.ToArray(), Stop);
        var before = await http.GetStringAsync("/metrics", Stop);
        Age(id, TimeSpan.FromHours(2));

        await Eventually.TrueAsync(() => !File.Exists(Path.Combine(_folder.Uploads, $"{id}.info")));
        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/metrics", Stop)).Contains("dex_server_sweep_removed_total{category=\"expired\"} 1", StringComparison.Ordinal));
        var after = await http.GetStringAsync("/metrics", Stop);

        Assert.Contains("dex_server_active_uploads 1", before, StringComparison.Ordinal);
        Assert.Contains("dex_server_active_uploads 0", after, StringComparison.Ordinal);
        Assert.Contains("dex_server_sweep_removed_bytes_total{category=\"expired\"} 3", after, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("EX1")]
    public async Task EX1_the_POST_and_HEAD_of_a_real_file_tell_the_same_second()
    {
        await using var server = await StartAsync();
        using var http = Client(server);

        for (var n = 0; n < 20; n++)
        {
            using var created = await http.SendCreationAsync(100, "a.txt", Stop);
            var id = created.Headers.Location!.Segments[^1];
            Assert.Equal(created.Headers.GetValues("Upload-Expires").Single(), await ExpiresAsync(http, id));

            using var patched = await http.SendPatchAsync(id, 0, new byte[10], Stop);
            Assert.Equal(patched.Headers.GetValues("Upload-Expires").Single(), await ExpiresAsync(http, id));
        }
    }

    [Fact]
    public async Task A_dry_run_of_the_server_removes_nothing()
    {
        await using var server = await StartAsync("UPLOAD_SWEEP_INTERVAL=1", "UPLOAD_SWEEP_DRY_RUN=true");
        using var http = Client(server);
        var id = await http.CreateUploadAsync(5, "a.txt", Stop);
        Age(id, TimeSpan.FromHours(2));

        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/metrics", Stop)).Contains("dex_server_sweeps_total{result=\"completed\"} 2", StringComparison.Ordinal));

        Assert.True(File.Exists(Path.Combine(_folder.Uploads, $"{id}.info")));
    }

    private async Task<WebApplication> StartAsync(params string[] variables)
    {
        var app = Program.Build([], Variables.Of([
            "UI_PORT=", "UPLOAD_DURABILITY=none", "UPLOAD_EXPIRATION=3600",
            $"LOCAL_FOLDER_UPLOADS_TUS={_folder.At("uploads")}", $"LOCAL_REPORTS_FOLDER={_folder.Reports}", $"LOCAL_EVENTS_FOLDER={_folder.Events}",
            $"UPLOAD_CONFIG_PATH={_folder.At("upload-configs")}", $"DEX_DELIVERY_CONFIG_FILE={_folder.At("configs", "local", "delivery.yml")}",
            .. variables]),
            builder => builder.Services.Replace(ServiceDescriptor.Singleton(_log.Writer)));
        await app.StartAsync(Stop);
        return app;
    }

    private static HttpClient Client(WebApplication server) =>
        new() { BaseAddress = new Uri(server.Urls.Single().Replace("[::]", "127.0.0.1", StringComparison.Ordinal)), Timeout = TimeSpan.FromSeconds(30) };

    private void Age(string uploadId, TimeSpan age) => File.SetLastWriteTimeUtc(Path.Combine(_folder.Uploads, uploadId), DateTime.UtcNow - age);

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        using var response = await http.SendAsync(request, Stop);
        return response.StatusCode;
    }

    private static async Task<string> ExpiresAsync(HttpClient http, string uploadId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, $"/files/{uploadId}");
        using var response = await http.SendAsync(request, Stop);
        return response.Headers.GetValues("Upload-Expires").Single();
    }
}
