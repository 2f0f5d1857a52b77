using Azure;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Has the target's store fetch what another store holds, by a link that reads it, where it can reach that store (spec: delivery.md 9).</summary>
internal sealed partial class AzureServerSideCopy(TransferOptions options, TimeProvider clock, ILogger logger)
{
    private readonly RefusedCopies _refused = new(clock);

    /// <returns>False if the store does not do that, or does not get it done; then nothing has happened that anybody sees, and the bytes can be sent.</returns>
    /// <exception cref="DeliverySourceException">The source is not what it was when the delivery began.</exception>
    /// <exception cref="StoreCallException">The store failed.</exception>
    public async Task<bool> TryAsync(SourceFile source, AzurePlace place, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        if (!MayFetch(source) || source is not { Link: { } link, StoredObject: { } original })
            return false;
        var plan = PartPlan.For(source.Length, options.CopyPartBytes, AzureBlocks.MostBlocks);
        var blocks = new AzureBlocks(place, source.UploadId, plan);
        ETag? condition = link.Provider == AzureReadLink.AzureProvider ? new ETag(original.Version) : null;
        try
        {
            // The first block tells whether it works, before many are tried.
            if (!await IsQuickAsync(token => FetchAsync(0, token), cancellationToken))
                return Refuse(place, "it takes too long");
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.ParallelParts, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(Enumerable.Range(1, plan.Count - 1), parallel, async (index, token) => await FetchAsync(index, token));
            await blocks.RequireStagedAsync(cancellationToken);
            if (!await link.IsUnchangedAsync(cancellationToken))
                throw Changed();
        }
        catch (StoreCallException failed) when (failed.Failure != StoreFailure.NoBucket)
        {
            // A condition that did not hold may have been the target's: somebody has locked the blob there, and sending will tell.
            if (failed.Failure == StoreFailure.ConditionFailed && !await link.IsUnchangedAsync(cancellationToken))
                throw Changed();
            return Refuse(place, failed.Message);
        }

        await AzureBlobCheck.CommitAsync(blocks, metadata, source.Length, cancellationToken);
        return true;

        async Task FetchAsync(int index, CancellationToken token)
        {
            // A fresh link for each block: a large file takes longer than one should live.
            if (await link.MakeAsync(options.LinkLife, token) is not { } address)
                throw new StoreCallException("the source's credentials allow no link to it") { Failure = StoreFailure.Refused };
            if (address.Scheme == Uri.UriSchemeHttps && place.Container.Connection.Access.Endpoint.Scheme != Uri.UriSchemeHttps)
                throw new StoreCallException("a link may not be sent in the clear") { Failure = StoreFailure.Refused };
            await blocks.FetchAsync(index, address, condition, token);
            moved(0);
        }
    }

    // What is one part is carried with fewer requests than it takes to have it fetched.
    private bool MayFetch(SourceFile source) =>
        options.ServerSideCopy && source.Length > options.PartBytes && !_refused.AreRecent
        && (options.CopyAcrossClouds || source.Link?.Provider == AzureReadLink.AzureProvider);

    /// <returns>False if the store takes longer than we have patience for.</returns>
    private async Task<bool> IsQuickAsync(Func<CancellationToken, Task> fetch, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.CopyAtOncePatience, clock);
        using var fetching = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await fetch(fetching.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private bool Refuse(AzurePlace place, string why)
    {
        _refused.Note();
        LogRefused(place.Container.Name, why);
        return false;
    }

    private static DeliverySourceException Changed() => new("source object has changed since the delivery began");

    [LoggerMessage(LogLevel.Information, "the store does not fetch by itself, files are carried through this server {container}{error}")]
    private partial void LogRefused(string container, string error);
}
