using Amazon.S3.Model;

namespace Dex.Testing;

/// <summary>As <see cref="ServerFixture"/>, with uploads in a bucket of its own; targets are folders all the same.</summary>
public sealed class BucketServerFixture(TestServices services) : ServerFixture
{
    public ObjectStoreService Store { get; } = new(services);

    protected override IReadOnlyDictionary<string, string>? Environment => Store.Variables();

    public override async Task<IReadOnlyList<string>> ListStoredAsync(CancellationToken cancellationToken)
    {
        List<string> names = [];
        await foreach (var item in Store.Client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = Store.Bucket }).S3Objects.WithCancellation(cancellationToken))
            names.Add(item.Key);
        await foreach (var upload in Store.Client.Paginators.ListMultipartUploads(new ListMultipartUploadsRequest { BucketName = Store.Bucket }).Uploads.WithCancellation(cancellationToken))
            names.Add($"{upload.Key}+{upload.UploadId}");
        return names;
    }

    public override async ValueTask InitializeAsync()
    {
        await Store.InitializeAsync();
        if (Store.IsRunning)
            await base.InitializeAsync();
    }

    protected override void RequireStore() => _ = Store.Client;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Store.DisposeAsync();
    }
}
