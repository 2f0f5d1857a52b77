using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.Testing;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>A container as delivery target, perhaps behind a proxy, with the smallest parts that can be set.</summary>
internal sealed class AzureTargetRig : IDisposable
{
    public const int PartBytes = TransferOptions.LeastPartBytes;

    private readonly AzureService _store;
    private readonly PartArrays _arrays = new(TimeProvider.System);
    private readonly PartMemory _memory;
    private readonly string _container;

    /// <param name="container">That of the fixture unless another is named.</param>
    public AzureTargetRig(AzureService store, Uri? endpoint = null, string? container = null, Action<TransferOptions>? change = null, AzureConnection? connection = null)
    {
        _store = store;
        _container = container ?? store.Container;
        Options = new TransferOptions { PartBytes = PartBytes, ParallelParts = 4 };
        change?.Invoke(Options);
        _memory = new PartMemory(_arrays, Microsoft.Extensions.Options.Options.Create(Options));
        Connection = connection ?? AzureRig.Connect(store, endpoint);
        Destination = AzureDestination.Create("edav", Connection.Container(_container), _memory, Options, TimeProvider.System, NullLogger.Instance);
    }

    public TransferOptions Options { get; }

    public AzureConnection Connection { get; }

    public AzureDestination Destination { get; }

    public PartMemory Memory => _memory;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A source in the same store, over the same connection.</summary>
    public AzureSource NewSource(AzureConnection? connection = null) =>
        new((connection ?? Connection).Container(_container), "tus-prefix", _memory, Microsoft.Extensions.Options.Options.Create(Options));

    public async Task<byte[]?> ReadAsync(string name)
    {
        try
        {
            return (await Blob(name).DownloadContentAsync(Stop)).Value.Content.ToArray();
        }
        catch (RequestFailedException missing) when (missing.ErrorCode is "BlobNotFound" or "ContainerNotFound")
        {
            return null;
        }
    }

    public BlockBlobClient Blob(string name) => _store.Service.GetBlobContainerClient(_container).GetBlockBlobClient(name);

    /// <summary>Blocks that are staged under a name and not committed.</summary>
    public async Task<IReadOnlyList<BlobBlock>> StagedAsync(string name)
    {
        try
        {
            return [.. (await Blob(name).GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: Stop)).Value.UncommittedBlocks];
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            return [];
        }
    }

    public void Dispose()
    {
        Connection.Dispose();
        _arrays.Dispose();
    }
}
