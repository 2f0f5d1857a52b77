using Dex.Testing;
using Dex.UploadServer.Health;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>S3 in <c>/health</c> (spec: http-api.md 6).</summary>
public sealed class S3ProbeTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bucket_that_is_there_is_well()
    {
        using var connection = S3Rig.Connect(store);
        var uploads = S3Probe.OfUploads(connection, store.Bucket);
        var source = S3Probe.OfSource(connection, store.Bucket);

        Assert.Null(await uploads.CheckAsync(Stop));
        Assert.Null(await source.CheckAsync(Stop));
        Assert.Equal(($"Tus storage S3 Bucket {store.Bucket}", "None reported", HealthOrder.UploadStorage), (uploads.Service, uploads.HealthyIssue, uploads.Order));
        Assert.Equal(($"S3 source {store.Bucket}", "", HealthOrder.DeliverySource), (source.Service, source.HealthyIssue, source.Order));
    }

    [Fact]
    public async Task A_missing_bucket_is_told_and_not_made()
    {
        using var connection = S3Rig.Connect(store);

        Assert.Equal("bucket no-such-bucket: no such bucket", await S3Probe.OfUploads(connection, "no-such-bucket").CheckAsync(Stop));
        Assert.Equal("bucket no-such-bucket: no such bucket", await S3Probe.OfUploads(connection, "no-such-bucket").CheckAsync(Stop));
    }

    [Fact]
    public async Task A_wrong_key_is_told_without_showing_it()
    {
        using var connection = S3Rig.Connect(store, secretKey: "hush-hush");

        var issue = await S3Probe.OfUploads(connection, store.Bucket).CheckAsync(Stop);

        Assert.StartsWith($"bucket {store.Bucket}: access denied", issue);
        Assert.DoesNotContain("hush", issue);
    }

    [Fact]
    public async Task A_store_that_is_away_is_told_without_its_address()
    {
        await using var proxy = store.NewProxy().Add(new FaultRule(FaultKind.ResetBeforeRequest));
        using var connection = S3Rig.Connect(store, proxy.Address);

        var issue = await S3Probe.OfUploads(connection, store.Bucket).CheckAsync(Stop);

        Assert.StartsWith($"bucket {store.Bucket}: ", issue);
        Assert.DoesNotContain("127.0.0.1", issue);
        Assert.Equal(1, proxy.Count("HEAD"));
    }
}
