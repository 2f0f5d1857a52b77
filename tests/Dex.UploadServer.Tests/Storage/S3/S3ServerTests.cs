using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>The whole server with its settings for S3: start, health and manifest configs (spec: config.md 3, http-api.md 6, manifests.md 3).</summary>
public sealed class S3ServerTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedLog _log = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private WebApplication? _app;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task Health_lists_the_bucket_as_storage_and_as_source()
    {
        await StartAsync(store.Variables());

        var services = await HealthAsync();

        Assert.Contains(($"Tus storage S3 Bucket {store.Bucket}", "UP", "None reported"), services);
        Assert.Contains(($"S3 source {store.Bucket}", "UP", ""), services);
    }

    [Fact]
    [Rule("O3", "CR3", "S33")]
    public async Task O3_CR3_S33_an_upload_that_cannot_fit_is_refused_when_it_is_created()
    {
        await StartAsync(store.Variables());

        using var options = await _client.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/files/"), Stop);
        var longest = long.Parse(options.Headers.GetValues("Tus-Max-Size").Single(), CultureInfo.InvariantCulture);
        var (tooLong, text) = await CreateAsync(longest + 1);
        var (fits, problem) = await CreateAsync(longest);

        Assert.Equal(671_088_640_000, longest);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded\n"), (tooLong, text));
        Assert.Equal(HttpStatusCode.BadRequest, fits);
        Assert.Contains("open stream_route.json", problem);
    }

    [Fact]
    public async Task Without_its_bucket_the_server_starts_and_says_so_and_makes_none()
    {
        var variables = store.Variables();
        variables["S3_BUCKET_NAME"] = "no-such-bucket";
        await StartAsync(variables);

        await Eventually.TrueAsync(() => _log.Messages.Any(line => line.Contains("upload bucket cannot be used now", StringComparison.Ordinal)));
        var services = await HealthAsync();

        Assert.Contains(("Tus storage S3 Bucket no-such-bucket", "DOWN", "bucket no-such-bucket: no such bucket"), services);
        Assert.DoesNotContain((await store.Client.ListBucketsAsync(Stop)).Buckets, bucket => bucket.BucketName == "no-such-bucket");
    }

    [Fact]
    public async Task With_a_store_that_hangs_the_server_starts_at_once_and_health_answers_in_time()
    {
        await using var proxy = store.NewProxy().Add(new FaultRule(FaultKind.Hang));
        var began = TimeProvider.System.GetTimestamp();
        await StartAsync(store.Variables(proxy.Address));

        var services = await HealthAsync();

        Assert.Contains(($"S3 source {store.Bucket}", "DOWN", "no answer within 4.5 seconds"), services);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Failed_calls_are_counted_by_kind_and_told_without_the_key()
    {
        var variables = store.Variables();
        variables["AWS_SECRET_ACCESS_KEY"] = "hush-hush";
        await StartAsync(variables);

        var services = await HealthAsync();
        var metrics = await _client.GetStringAsync("/metrics", Stop);

        Assert.Contains(($"S3 source {store.Bucket}", "DOWN", $"bucket {store.Bucket}: access denied (Forbidden)"), services);
        Assert.Matches("dex_server_store_call_failures_total\\{.*failure=\"denied\".*store=\"s3\".*\\} [1-9]", metrics);
        Assert.Contains(_log.Messages, line => line.Contains("call to the object store failed", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Messages, line => line.Contains("hush", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_from_a_dotenv_file_are_as_good_as_any()
    {
        var file = _folder.PathOf(".env");
        await File.WriteAllLinesAsync(file, store.Variables().Select(variable => $"{variable.Key}={variable.Value}"), Stop);
        await StartAsync(new Dictionary<string, string>(), "-appconf", file);

        Assert.Contains(($"Tus storage S3 Bucket {store.Bucket}", "UP", "None reported"), await HealthAsync());
    }

    [Fact]
    public async Task Manifests_are_checked_against_configs_in_the_bucket_and_a_change_counts()
    {
        var variables = store.Variables();
        variables["DEX_S3_MANIFEST_CONFIG_FOLDER_NAME"] = "configs/";
        variables["MANIFEST_CONFIG_REFRESH_SECONDS"] = "0";
        await store.Client.DeleteObjectAsync(store.Bucket, "configs/stream_route.json", Stop); // another test's
        await StartAsync(variables);

        var (unknown, problems) = await CreateAsync();
        await PutConfigAsync("sender_id");
        var (known, _) = await CreateAsync();
        await PutConfigAsync("something_else");
        var (changed, others) = await CreateAsync();

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Created, HttpStatusCode.BadRequest), (unknown, known, changed));
        Assert.Contains("open stream_route.json: no such file or directory", problems);
        Assert.Contains("field something_else was missing", others);
    }

    [Fact]
    public async Task A_config_known_once_outlives_a_store_that_is_away()
    {
        await PutConfigAsync("sender_id");
        await using var proxy = store.NewProxy();
        var variables = store.Variables(proxy.Address);
        variables["DEX_S3_MANIFEST_CONFIG_FOLDER_NAME"] = "configs";
        variables["MANIFEST_CONFIG_REFRESH_SECONDS"] = "0";
        variables["STORE_RETRY_TIME"] = "0";
        await StartAsync(variables);
        var (before, _) = await CreateAsync();

        proxy.Add(new FaultRule(FaultKind.ResetBeforeRequest) { Path = new Regex("/configs/") });
        var (meanwhile, _) = await CreateAsync();

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (before, meanwhile));
    }

    private async Task StartAsync(Dictionary<string, string> variables, params string[] arguments)
    {
        _app = Program.Build(arguments, Variables.In(_folder, ["UI_PORT=", .. variables.Select(variable => $"{variable.Key}={variable.Value}")]), builder =>
            builder.Logging.AddProvider(_log));
        await _app.StartAsync(Stop);
        _client.BaseAddress = new Uri($"http://127.0.0.1:{new Uri(_app.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port}");
    }

    private async Task<IReadOnlyCollection<(string Service, string Status, string Issue)>> HealthAsync()
    {
        using var health = JsonDocument.Parse(await _client.GetStringAsync("/health", Stop));
        return [.. health.RootElement.GetProperty("services").EnumerateArray().Select(service => (
            service.GetProperty("service").GetString()!, service.GetProperty("status").GetString()!, service.GetProperty("health_issue").GetString()!))];
    }

    private async Task<(HttpStatusCode Status, string Body)> CreateAsync(long length = 1)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/files/");
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Length", length.ToString(CultureInfo.InvariantCulture));
        var manifest = new Dictionary<string, string> { ["data_stream_id"] = "stream", ["data_stream_route"] = "route", ["sender_id"] = "me", ["received_filename"] = "f" };
        request.Headers.Add("Upload-Metadata", string.Join(',', manifest.Select(pair => $"{pair.Key} {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))}")));
        using var response = await _client.SendAsync(request, Stop);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Stop));
    }

    private Task<PutObjectResponse> PutConfigAsync(string required) => store.Client.PutObjectAsync(
        new PutObjectRequest
        {
            BucketName = store.Bucket,
            Key = "configs/stream_route.json",
            ContentBody = $$$"""{"metadata_config":{"fields":[{"field_name":"{{{required}}}","required":true}]}}""",
        },
        Stop);
}
