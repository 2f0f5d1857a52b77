using System.Text.Json;
using Amazon.S3.Model;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>The whole server with a bucket as target (spec: delivery.md 5 and 10, reliability.md T1 to T3).</summary>
[Trait("Category", "Faults")]
public sealed class S3TargetTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>, IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly ServerFolder _folder = new("edav");
    private readonly byte[] _content = Content.Random(20_000_000);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 150_000)]
    public async Task An_upload_is_delivered_to_the_bucket_and_info_tells_where()
    {
        WriteDeliveryFile(store.Endpoint);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables());

        var id = await server.Http.UploadAsync(_content, "Bericht ü.csv", Stop);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), Soon, Stop);

        var delivery = Assert.Single(info.Deliveries);
        var key = $"{DateTime.UtcNow:yyyy/MM/dd}/Bericht ü_{id}.csv";
        Assert.Equal($"{store.Endpoint.AbsoluteUri}{store.Bucket}/{key.Replace(" ", "%20", StringComparison.Ordinal).Replace("ü", "%C3%BC", StringComparison.Ordinal)}", delivery.Location);
        Assert.Equal(["metadata changed, because S3 takes printable ASCII only: received_filename"], delivery.Issues);
        Assert.True(await IsDeliveredAsync(key));
        Assert.Contains("upload-id", (await store.Client.GetObjectMetadataAsync(store.Bucket, key, Stop)).Metadata.Keys.Select(name => name["x-amz-meta-".Length..].Replace('_', '-')));
        Assert.Contains(("S3 deliver target edav", "UP", ""), await HealthAsync(server));
    }

    [Fact(Timeout = 240_000)]
    public async Task A_server_killed_in_mid_delivery_delivers_after_its_start_and_leaves_nothing_open()
    {
        await using var proxy = store.NewProxy();
        proxy.Add(new FaultRule(FaultKind.Hang) { Method = "PUT", QueryKey = "partNumber", Skip = 1 });
        WriteDeliveryFile(proxy.Address);
        string id;
        await using (var server = await ServerProcess.StartAsync(_folder, Stop, Variables()))
        {
            id = await server.Http.UploadAsync(_content, "killed.csv", Stop);
            await Eventually.TrueAsync(() => proxy.Count("PUT", queryKey: "partNumber") >= 2);
            await server.KillAsync(Stop);
        }

        Assert.NotEmpty(await OpenUploadsAsync());
        proxy.Heal();
        await using var restarted = await ServerProcess.StartAsync(_folder, Stop, Variables());
        var info = await restarted.WaitForInfoAsync(id, info => info.IsDelivered("edav"), Soon, Stop);

        Assert.Single(info.Deliveries);
        Assert.True(await IsDeliveredAsync($"{DateTime.UtcNow:yyyy/MM/dd}/killed_{id}.csv"));
        await Eventually.TrueAsync(async () => (await OpenUploadsAsync()).Count == 0);
    }

    private async Task<bool> IsDeliveredAsync(string key)
    {
        using var answer = await store.Client.GetObjectAsync(store.Bucket, key, Stop);
        var delivered = new byte[answer.ContentLength];
        await answer.ResponseStream.ReadExactlyAsync(delivered, Stop);
        return _content.AsSpan().SequenceEqual(delivered);
    }

    private async Task<IReadOnlyList<MultipartUpload>> OpenUploadsAsync() =>
        (await store.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = store.Bucket }, Stop)).MultipartUploads ?? [];

    private static async Task<IReadOnlyCollection<(string Service, string Status, string Issue)>> HealthAsync(ServerProcess server)
    {
        using var health = JsonDocument.Parse(await server.Http.GetStringAsync("/health", Stop));
        return [.. health.RootElement.GetProperty("services").EnumerateArray().Select(service => (
            service.GetProperty("service").GetString()!, service.GetProperty("status").GetString()!, service.GetProperty("health_issue").GetString()!))];
    }

    // Keys of the target's own, put in by substitution.
    private Dictionary<string, string> Variables() => new(StringComparer.Ordinal)
    {
        ["TARGET_KEY"] = store.AccessKey,
        ["TARGET_SECRET"] = store.SecretKey,
        ["DELIVERY_PART_BYTES"] = "5242880",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
    };

    private void WriteDeliveryFile(Uri endpoint) => File.WriteAllText(_folder.At("configs", "local", "delivery.yml"), $$$"""
        programs:
          - data_stream_id: dextesting
            data_stream_route: testevent1
            delivery_targets:
              - name: edav
                type: s3
                endpoint: {{{endpoint}}}
                bucket_name: {{{store.Bucket}}}
                REGION: us-east-1
                access_key_id: $TARGET_KEY
                secret_access_key: $TARGET_SECRET
                path_template: '{{.Year}}/{{.Month}}/{{.Day}}/{{.Filename}}_{{.UploadId}}'
        """);
}
