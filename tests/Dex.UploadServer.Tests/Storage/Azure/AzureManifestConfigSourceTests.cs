using Azure.Storage.Blobs.Models;
using Dex.Testing;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Manifest configs as blobs (spec: manifests.md 3, reliability.md S-3).</summary>
public sealed class AzureManifestConfigSourceTests(AzureService store) : IClassFixture<AzureService>, IAsyncLifetime
{
    private readonly AzureConnection _connection = AzureRig.Connect(store);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private AzureManifestConfigSource Source => new(_connection.Container(store.Container));

    public async ValueTask InitializeAsync()
    {
        await PutAsync("a_b.json", "{}"u8.ToArray());
        await PutAsync("folder/b_c.json", "{}"u8.ToArray());
    }

    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_config_is_found_at_the_root_of_the_container() => Assert.Equal("{}"u8.ToArray(), await Source.LoadAsync("a_b.json", Stop));

    [Theory]
    [InlineData("b_c.json")]
    [InlineData("folder/b_c.json")]
    [InlineData("../a_b.json")]
    [InlineData("..")]
    [InlineData("a_b.json?comp=metadata")]
    [InlineData("a_b.json\0")]
    public async Task What_is_not_a_plain_blob_at_the_root_is_not_found(string name) => Assert.Null(await Source.LoadAsync(name, Stop));

    [Fact]
    public async Task Without_its_container_no_config_is_found() =>
        Assert.Null(await new AzureManifestConfigSource(_connection.Container("no-such-container")).LoadAsync("a_b.json", Stop));

    [Fact]
    public async Task A_wrong_key_is_an_error_and_not_a_missing_config()
    {
        using var stranger = AzureRig.Connect(store, signIn: new AzureSignIn.SharedKey(store.Account, new Secret("d3Jvbmc=")));

        await Assert.ThrowsAsync<StoreCallException>(async () => await new AzureManifestConfigSource(stranger.Container(store.Container)).LoadAsync("a_b.json", Stop));
    }

    [Fact]
    public async Task A_huge_blob_is_refused_before_it_is_read()
    {
        await PutAsync("huge.json", new byte[(1024 * 1024) + 1]);

        await Assert.ThrowsAsync<InvalidDataException>(async () => await Source.LoadAsync("huge.json", Stop));
    }

    [Theory]
    [InlineData(FaultKind.TruncateAnswer)]
    [InlineData(FaultKind.HangInAnswer)]
    [InlineData(FaultKind.Answer)]
    public async Task A_broken_answer_is_read_again(FaultKind fault)
    {
        await using var proxy = store.NewProxy().Add(new FaultRule(fault) { AfterBytes = 1, Times = 1 });
        using var connection = AzureRig.Connect(store, proxy.Address);

        Assert.Equal("{}"u8.ToArray(), await new AzureManifestConfigSource(connection.Container(store.Container)).LoadAsync("a_b.json", Stop));
    }

    private async Task PutAsync(string name, byte[] content) => await store.Blob(name).UploadAsync(new MemoryStream(content), new BlobUploadOptions(), Stop);
}
