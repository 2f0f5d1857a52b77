using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>A target that is a container (spec: delivery.md 5, reliability.md 5).</summary>
/// <param name="name">The target's plain name.</param>
internal sealed class AzureDestination(string name, AzureContainer container, AzureServerSideCopy copy, AzureBlobWriter writer) : IDeliveryDestination
{
    private const int MostNameLength = 1024;

    /// <summary>The target's plain name.</summary>
    public string Name => name;

    public static AzureDestination Create(string name, AzureContainer container, PartMemory memory, TransferOptions options, TimeProvider clock, ILogger logger) => new(
        name, container, new AzureServerSideCopy(options, clock, logger), new AzureBlobWriter(new PartPump(memory, options.ParallelParts), memory, options));

    public async ValueTask<DeliveredFile> DeliverAsync(SourceFile source, string path, IProgress<long> progress, CancellationToken cancellationToken)
    {
        if (path.Length > MostNameLength)
            throw new DeliveryRefusedException($"the delivered path has more than {MostNameLength} characters");

        var place = new AzurePlace(container, path);
        var metadata = AzureMetadata.Of(source.Metadata);
        long total = 0;
        void Moved(int bytes) => progress.Report(Interlocked.Add(ref total, bytes));
        try
        {
            try
            {
                await CarryAsync();
            }
            catch (StoreCallException missing) when (missing.Failure == StoreFailure.NoBucket)
            {
                await container.EnsureAsync(cancellationToken);
                await CarryAsync();
            }
        }
        catch (StoreCallException failure)
        {
            throw failure.ForDestination($"failed to upload file to {container.Name} {path}: {failure.Message}");
        }

        return new DeliveredFile($"{container.Connection.Access.AddressOf(container.Name).AbsoluteUri}/{path}", metadata.Warnings);

        async Task CarryAsync()
        {
            if (!await copy.TryAsync(source, place, metadata, Moved, cancellationToken))
                await writer.WriteAsync(source, place, metadata, Moved, cancellationToken);
        }
    }

    // Blocks that a killed process has left are never seen, replaced by the next try, and gone within a week: only the container may be missing.
    public async ValueTask PrepareAsync(DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        try
        {
            await container.EnsureAsync(cancellationToken);
        }
        catch (StoreCallException failure)
        {
            throw new IOException($"container {container.Name}: {failure.Message}", failure);
        }
    }

    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        if (await container.FindProblemAsync(cancellationToken) is { } problem)
            throw new IOException(problem);
    }
}
