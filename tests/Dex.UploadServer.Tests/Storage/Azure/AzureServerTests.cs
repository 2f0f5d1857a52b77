using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Storage.Blobs.Models;
using Dex.Testing;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>The whole server with its settings for Azure: start, health, manifest configs and deliveries (spec: config.md 3, http-api.md 6, manifests.md 3).</summary>
public sealed class AzureServerTests(AzureService store) : IClassFixture<AzureService>, IAsyncLifetime
{
    private static readonly byte[] s_content = Encoding.UTF8.GetBytes("carried from container to container");

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
    public async Task Health_lists_the_container_as_storage_and_as_source_and_makes_nothing()
    {
        await StartAsync(store.Variables());
        var before = await ContainersAsync();

        var services = await HealthAsync();

        Assert.Contains(("Tus storage", "UP", "None reported"), services);
        Assert.Contains(("Azure source", "UP", ""), services);
        Assert.Equal(before, await ContainersAsync());
    }

    [Fact]
    public async Task With_a_store_that_hangs_the_server_starts_at_once_and_health_answers_in_time()
    {
        await using var proxy = store.NewProxy().Add(new FaultRule(FaultKind.Hang));
        var began = TimeProvider.System.GetTimestamp();
        await StartAsync(store.Variables(proxy.Address));

        var services = await HealthAsync();

        Assert.Contains(("Tus storage", "DOWN", "no answer within 4.5 seconds"), services);
        Assert.Contains(("Azure source", "DOWN", "no answer within 4.5 seconds"), services);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_wrong_key_is_told_in_health_counted_by_kind_and_never_shown()
    {
        var variables = store.Variables();
        variables["AZURE_STORAGE_KEY"] = "aHVzaC1odXNo";
        await StartAsync(variables);

        var services = await HealthAsync();
        var metrics = await _client.GetStringAsync("/metrics", Stop);

        Assert.Contains(services, service => service.Service == "Azure source" && service.Issue.StartsWith($"container {store.Container}: access denied", StringComparison.Ordinal));
        Assert.Matches("dex_server_store_call_failures_total\\{.*failure=\"denied\".*store=\"azure\".*\\} [1-9]", metrics);
        Assert.DoesNotContain(_log.Messages, line => line.Contains("aHVzaC1odXNo", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Manifests_are_checked_against_configs_in_the_container_and_a_change_counts()
    {
        var variables = store.Variables();
        variables["DEX_MANIFEST_CONFIG_CONTAINER_NAME"] = await store.NewContainerAsync(Stop);
        variables["MANIFEST_CONFIG_REFRESH_SECONDS"] = "0";
        await StartAsync(variables);

        var unknown = await CreateAsync();
        await PutConfigAsync(variables["DEX_MANIFEST_CONFIG_CONTAINER_NAME"], "sender_id");
        var known = await CreateAsync();
        await PutConfigAsync(variables["DEX_MANIFEST_CONFIG_CONTAINER_NAME"], "something_else");
        var changed = await CreateAsync();

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Created, HttpStatusCode.BadRequest), (unknown.Status, known.Status, changed.Status));
        Assert.Contains("open stream_route.json: no such file or directory", unknown.Body);
        Assert.Contains("field something_else was missing", changed.Body);
    }

    [Fact]
    public async Task A_config_known_once_outlives_a_store_that_is_away()
    {
        var configs = await store.NewContainerAsync(Stop);
        await PutConfigAsync(configs, "sender_id");
        await using var proxy = store.NewProxy();
        var variables = store.Variables(proxy.Address);
        variables["DEX_MANIFEST_CONFIG_CONTAINER_NAME"] = configs;
        variables["MANIFEST_CONFIG_REFRESH_SECONDS"] = "0";
        variables["STORE_RETRY_TIME"] = "0";
        await StartAsync(variables);
        var before = await CreateAsync();

        proxy.Add(new FaultRule(FaultKind.ResetBeforeRequest) { Path = new Regex($"/{configs}/") });
        var meanwhile = await CreateAsync();

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (before.Status, meanwhile.Status));
    }

    [Fact]
    public async Task An_upload_kept_in_a_container_is_delivered_to_another()
    {
        var (configs, target) = (await store.NewContainerAsync(Stop), $"{store.Container}-target");
        await PutConfigAsync(configs, "sender_id");
        var variables = store.Variables();
        variables["DEX_MANIFEST_CONFIG_CONTAINER_NAME"] = configs;
        variables["DEX_DELIVERY_CONFIG_FILE"] = WriteDeliveryFile(target);
        await StartAsync(variables);

        var created = await CreateAsync(s_content.Length);
        var id = created.Location![(created.Location!.LastIndexOf('/') + 1)..];
        await AppendAsync(created.Location, s_content);
        await Eventually.TrueAsync(async () => (await _client.GetStringAsync($"/info/{id}", Stop)).Contains("\"SUCCESS\"", StringComparison.Ordinal));

        var blob = (await store.Service.GetBlobContainerClient(target).GetBlobClient($"carried/{id}.txt").DownloadContentAsync(Stop)).Value;
        Assert.Equal(s_content, blob.Content.ToArray());
        Assert.Equal((id, "me"), (blob.Details.Metadata["upload_id"], blob.Details.Metadata["sender_id"]));
        Assert.Contains(("Azure deliver target edav", "UP", ""), await HealthAsync());
    }

    private async Task StartAsync(Dictionary<string, string> variables)
    {
        _app = Program.Build([], Variables.In(_folder, ["UI_PORT=", .. variables.Select(variable => $"{variable.Key}={variable.Value}")]), builder =>
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

    private async Task<List<string>> ContainersAsync()
    {
        List<string> names = [];
        await foreach (var container in store.Service.GetBlobContainersAsync(BlobContainerTraits.None, prefix: store.Container, cancellationToken: Stop))
            names.Add(container.Name);
        return names;
    }

    private async Task<(HttpStatusCode Status, string Body, string? Location)> CreateAsync(int length = 1)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/files/");
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Length", $"{length}");
        var manifest = new Dictionary<string, string> { ["data_stream_id"] = "stream", ["data_stream_route"] = "route", ["sender_id"] = "me", ["received_filename"] = "f.txt" };
        request.Headers.Add("Upload-Metadata", string.Join(',', manifest.Select(pair => $"{pair.Key} {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))}")));
        using var response = await _client.SendAsync(request, Stop);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Stop), response.Headers.Location?.ToString());
    }

    private async Task AppendAsync(string location, byte[] content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new ByteArrayContent(content) };
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Offset", "0");
        request.Content.Headers.ContentType = new("application/offset+octet-stream");
        using var response = await _client.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    private async Task PutConfigAsync(string container, string required) =>
        await store.Service.GetBlobContainerClient(container).GetBlobClient("stream_route.json").UploadAsync(
            new BinaryData($$$"""{"metadata_config":{"fields":[{"field_name":"{{{required}}}","required":true}]}}"""), overwrite: true, Stop);

    private string WriteDeliveryFile(string container)
    {
        var path = _folder.PathOf("delivery.yml");
        File.WriteAllText(path, $$$"""
            programs:
              - data_stream_id: stream
                data_stream_route: route
                delivery_targets:
                  - name: edav
                    type: az-blob
                    endpoint: {{{store.Endpoint}}}
                    container_name: {{{container}}}
                    storage_account: {{{store.Account}}}
                    storage_key: {{{store.Key}}}
                    path_template: 'carried/{{.UploadId}}'
            """);
        return path;
    }
}
