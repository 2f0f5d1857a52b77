using System.Text.Json;
using Azure.Storage.Blobs.Models;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>The whole server with a container as target (spec: delivery.md 5 and 10, reliability.md T1 to T3).</summary>
[Trait("Category", "Faults")]
public sealed class AzureTargetTests(AzureService store) : IClassFixture<AzureService>, IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly ServerFolder _folder = new("edav");
    private readonly byte[] _content = Content.Random(20_000_000);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 150_000)]
    public async Task An_upload_is_delivered_to_the_container_and_info_tells_where()
    {
        WriteDeliveryFile(store.Endpoint, $"{store.Container}-new");
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables());

        var id = await server.Http.UploadAsync(_content, "Bericht ü.csv", Stop);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), Soon, Stop);

        var delivery = Assert.Single(info.Deliveries);
        var name = $"{DateTime.UtcNow:yyyy/MM/dd}/Bericht ü_{id}.csv";
        Assert.Equal($"{store.Endpoint.AbsoluteUri}/{store.Container}-new/{name}", delivery.Location);
        Assert.Equal(["metadata changed, because Azure takes printable ASCII only: received_filename"], delivery.Issues);
        var blob = (await store.Service.GetBlobContainerClient($"{store.Container}-new").GetBlobClient(name).DownloadContentAsync(Stop)).Value;
        Assert.True(_content.AsSpan().SequenceEqual(blob.Content));
        Assert.Equal((id, "Bericht ?.csv"), (blob.Details.Metadata["upload_id"], blob.Details.Metadata["received_filename"]));
        Assert.Contains(("Azure deliver target edav", "UP", ""), await HealthAsync(server));
    }

    [Fact(Timeout = 240_000)]
    public async Task A_server_killed_in_mid_delivery_delivers_after_its_start_and_leaves_no_block()
    {
        await using var proxy = store.NewProxy();
        proxy.Add(new FaultRule(FaultKind.Hang) { Method = "PUT", QueryKey = "blockid", Skip = 1 });
        WriteDeliveryFile(store.Of(proxy.Address), store.Container);
        string id;
        await using (var server = await ServerProcess.StartAsync(_folder, Stop, Variables()))
        {
            id = await server.Http.UploadAsync(_content, "killed.csv", Stop);
            await Eventually.TrueAsync(() => proxy.Count("PUT", queryKey: "blockid") >= 2);
            await server.KillAsync(Stop);
        }

        proxy.Heal();
        await using var restarted = await ServerProcess.StartAsync(_folder, Stop, Variables());
        var info = await restarted.WaitForInfoAsync(id, info => info.IsDelivered("edav"), Soon, Stop);

        Assert.Single(info.Deliveries);
        var blob = store.Blob($"{DateTime.UtcNow:yyyy/MM/dd}/killed_{id}.csv");
        var delivered = (await blob.DownloadContentAsync(Stop)).Value.Content;
        Assert.True(_content.AsSpan().SequenceEqual(delivered));
        Assert.Empty((await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: Stop)).Value.UncommittedBlocks);
    }

    [Fact(Timeout = 150_000)]
    public async Task A_wrong_key_is_told_in_info_and_health_and_shown_nowhere()
    {
        WriteDeliveryFile(store.Endpoint, store.Container);
        var variables = Variables();
        variables["TARGET_KEY"] = "aHVzaC1odXNo";
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);

        var id = await server.Http.UploadAsync(_content, "denied.csv", Stop);
        var info = await server.WaitForInfoAsync(id, info => info.Deliveries.Count > 0, Soon, Stop);

        var issue = Assert.Single(Assert.Single(info.Deliveries).Issues);
        Assert.Contains("access denied", issue, StringComparison.Ordinal);
        Assert.Contains(await HealthAsync(server), service => service.Service == "Azure deliver target edav" && service.Status == "DOWN" && service.Issue.Contains("access denied", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Output, line => line.Contains("aHVzaC1odXNo", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyCollection<(string Service, string Status, string Issue)>> HealthAsync(ServerProcess server)
    {
        using var health = JsonDocument.Parse(await server.Http.GetStringAsync("/health", Stop));
        return [.. health.RootElement.GetProperty("services").EnumerateArray().Select(service => (
            service.GetProperty("service").GetString()!, service.GetProperty("status").GetString()!, service.GetProperty("health_issue").GetString()!))];
    }

    // A key of the target's own, put in by substitution.
    private Dictionary<string, string> Variables() => new(StringComparer.Ordinal)
    {
        ["TARGET_KEY"] = store.Key,
        ["DELIVERY_PART_BYTES"] = "5242880",
    };

    private void WriteDeliveryFile(Uri endpoint, string container) => File.WriteAllText(_folder.At("configs", "local", "delivery.yml"), $$$"""
        programs:
          - data_stream_id: dextesting
            data_stream_route: testevent1
            delivery_targets:
              - name: edav
                type: az-blob
                endpoint: {{{endpoint}}}
                container_name: {{{container}}}
                storage_account: {{{store.Account}}}
                storage_key: $TARGET_KEY
                path_template: '{{.Year}}/{{.Month}}/{{.Day}}/{{.Filename}}_{{.UploadId}}'
        """);
}
