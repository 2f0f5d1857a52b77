using Azure.Storage.Blobs.Models;

namespace Dex.Testing;

/// <summary>As <see cref="ServerFixture"/>, with uploads in a container of its own; targets are folders all the same.</summary>
public sealed class ContainerServerFixture(TestServices services) : ServerFixture
{
    public AzureService Store { get; } = new(services);

    protected override IReadOnlyDictionary<string, string>? Environment => Store.Variables();

    public override async Task<IReadOnlyList<string>> ListStoredAsync(CancellationToken cancellationToken)
    {
        List<string> names = [];
        await foreach (var blob in Store.Client.GetBlobsAsync(BlobTraits.None, BlobStates.Uncommitted, prefix: null, cancellationToken))
            names.Add(blob.Name);
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
