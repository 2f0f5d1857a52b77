using Amazon.S3.Model;
using Dex.Testing;

namespace Dex.Services.Buckets;

/// <summary>The whole server with uploads in one bucket and its target in another of the same store (spec: delivery.md 9, storage-layout.md 5).</summary>
[Trait("Category", "Faults")]
public sealed class BucketToBucketTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>, IDisposable
{
    private readonly ServerFolder _folder = new("edav");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 150_000)]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(true, 20_000_000)]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(false, 20_000_000)]
    public async Task An_upload_reaches_the_other_bucket_whole_copied_by_the_store_or_sent(bool byTheStore, int length)
    {
        var content = Content.Random(length);
        var bucket = await store.NewBucketAsync(Stop);
        await using var proxy = store.NewProxy();
        WriteDeliveryFile(proxy.Address, bucket);
        var variables = await VariablesAsync(proxy.Address, byTheStore);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);

        var id = await server.Http.UploadAsync(content, "copied.csv", Stop);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(60), Stop);

        var delivery = Assert.Single(info.Deliveries);
        Assert.Equal((length, $"{proxy.Address.AbsoluteUri}{bucket}/copied_{id}.csv"), (info.Size, delivery.Location));
        Assert.Empty(delivery.Issues);
        using var delivered = await store.Client.GetObjectAsync(bucket, $"copied_{id}.csv", Stop);
        Assert.Equal(content, await ReadAsync(delivered));
        // Ceph gives names back with hyphens.
        Assert.Equal(info.Manifest, delivered.Metadata.Keys.ToDictionary(key => key["x-amz-meta-".Length..].Replace('-', '_'), key => delivered.Metadata[key]));
        var readings = proxy.Seen.Count(request => request.Method == "GET" && request.Path.EndsWith($"/tus-prefix/{id}", StringComparison.Ordinal) && !request.HasQueryKey("uploadId"));
        Assert.Equal(!byTheStore && length > 0, readings > 0);
        Assert.Empty((await store.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket }, Stop)).MultipartUploads ?? []);
    }

    private static async Task<byte[]> ReadAsync(GetObjectResponse answer)
    {
        var content = new byte[answer.ContentLength];
        await answer.ResponseStream.ReadExactlyAsync(content, Stop);
        return content;
    }

    // A bucket of its own: a server delivers what it finds complete there.
    private async Task<Dictionary<string, string>> VariablesAsync(Uri endpoint, bool byTheStore)
    {
        var variables = store.Variables(endpoint);
        variables["S3_BUCKET_NAME"] = await store.NewBucketAsync(Stop);
        variables["TARGET_KEY"] = store.AccessKey;
        variables["TARGET_SECRET"] = store.SecretKey;
        variables["DELIVERY_SERVER_SIDE_COPY"] = byTheStore ? "true" : "false";
        return variables;
    }

    private void WriteDeliveryFile(Uri endpoint, string bucket) => File.WriteAllText(_folder.At("configs", "local", "delivery.yml"), $$$"""
        programs:
          - data_stream_id: dextesting
            data_stream_route: testevent1
            delivery_targets:
              - name: edav
                type: s3
                endpoint: {{{endpoint}}}
                bucket_name: {{{bucket}}}
                REGION: us-east-1
                access_key_id: $TARGET_KEY
                secret_access_key: $TARGET_SECRET
                path_template: '{{.Filename}}_{{.UploadId}}'
        """);
}
