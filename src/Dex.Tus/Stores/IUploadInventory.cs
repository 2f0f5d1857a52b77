namespace Dex.Tus.Stores;

/// <summary>Lists what a store holds, for repairs and clean-up after a start (spec: reliability.md Q2, E1).</summary>
public interface IUploadInventory
{
    /// <summary>Ids of all uploads that have a record, finished or not, in no order. One that comes or goes meanwhile may or may not be listed.</summary>
    IAsyncEnumerable<string> ListIdsAsync(CancellationToken cancellationToken);

    /// <summary>As <see cref="ListIdsAsync"/>, without finished uploads as far as they can be told without opening them: there may be very many. Parts are listed.</summary>
    IAsyncEnumerable<string> ListUnfinishedIdsAsync(CancellationToken cancellationToken);
}
