using System.Text;
using Azure.Storage.Blobs.Models;
using Dex.Testing;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>A prefix of its own in a container, and stores over it as servers that start one after the other would have them.</summary>
internal sealed class AzureStoreRig(AzureService service, Uri? endpoint = null) : IDisposable
{
    public const int Usual = 1 << 20;

    private readonly List<AzureConnection> _connections = [];

    public UploadKeys Keys { get; } = new(service.Container, $"prefix-{Guid.NewGuid():N}");

    public PartPool Memory { get; init; } = new(new PartArrays(TimeProvider.System), 32L << 20);

    public PartSizes Sizes { get; init; } = new(64 << 10, Usual, 16L << 20, AzureUploadBlocks.MostBlocks);

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public AzureSignIn? SignIn { get; init; }

    public AzureUploadStore Open() => new(Container(), Keys, new PartWriting(Memory, Sizes, PartsPerUpload: 3, Clock));

    public AzureLeftovers OpenLeftovers() => new(Container(), Keys);

    public AzureContainer Container()
    {
        var connection = AzureRig.Connect(service, endpoint, signIn: SignIn);
        _connections.Add(connection);
        return connection.Container(Keys.Bucket);
    }

    /// <summary>Names of the blobs below the prefix, those without committed blocks too.</summary>
    public async Task<List<string>> NamesAsync()
    {
        var names = new List<string>();
        await foreach (var item in service.Client.GetBlobsAsync(BlobTraits.None, BlobStates.Uncommitted, Keys.Folder, default))
            names.Add(item.Name[Keys.Folder.Length..]);
        return names;
    }

    public async Task<byte[]> ReadAsync(string name) => (await service.Blob(Keys.Folder + name).DownloadContentAsync()).Value.Content.ToArray();

    public async Task<string> TextAsync(string name) => Encoding.UTF8.GetString(await ReadAsync(name));

    public async Task PutAsync(string name, byte[] content) => await service.Blob(Keys.Folder + name).UploadAsync(new MemoryStream(content));

    public async Task<BlobProperties> HeadAsync(string name) => await service.Blob(Keys.Folder + name).GetPropertiesAsync();

    public async Task DeleteAsync(string name) => await service.Blob(Keys.Folder + name).DeleteAsync();

    /// <param name="index">From 0, as the predecessor counts.</param>
    public async Task StageAsync(string uploadId, int index, byte[] bytes) =>
        await service.Blob(Keys.Data(uploadId)).StageBlockAsync(IdOf(index), new MemoryStream(bytes));

    public async Task CommitAsync(string uploadId, int count) =>
        await service.Blob(Keys.Data(uploadId)).CommitBlockListAsync(Enumerable.Range(0, count).Select(IdOf));

    public async Task<BlockList> BlocksAsync(string uploadId) => await service.Blob(Keys.Data(uploadId)).GetBlockListAsync();

    /// <summary>A record as the predecessor writes it.</summary>
    public async Task<string> PutPredecessorsAsync(long length, params byte[][] blocks)
    {
        var id = Guid.NewGuid().ToString();
        for (var i = 0; i < blocks.Length; i++)
            await StageAsync(id, i, blocks[i]);
        await PutAsync($"{id}.info", Encoding.UTF8.GetBytes(
            $$"""{"ID":"{{id}}","Size":{{length}},"SizeIsDeferred":false,"Offset":0,"MetaData":{"a":"1"},"IsPartial":false,"IsFinal":false,"PartialUploads":null,"Storage":{"Container":"{{Keys.Bucket}}","Key":"{{Keys.Data(id)}}","Type":"azurestore"} }"""));
        return id;
    }

    /// <summary>The name of a block as the predecessor makes it: four bytes, the lowest first.</summary>
    public static string IdOf(int index) => Convert.ToBase64String([(byte)index, (byte)(index >> 8), (byte)(index >> 16), (byte)(index >> 24)]);

    public void Dispose()
    {
        foreach (var connection in _connections)
            connection.Dispose();
    }
}
