using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Reads ranges of one object, and goes on where an answer broke off; never bytes of another version of it (spec: reliability.md U4).</summary>
/// <param name="unreadable">What a report says before the reason why the object cannot be read.</param>
internal abstract class ObjectRangeReader(string unreadable) : IRangeReader
{
    public async ValueTask ReadAsync(long offset, Memory<byte> range, Action<int> arrived, CancellationToken cancellationToken)
    {
        var wanted = new WantedRange(offset, range, arrived);
        while (!wanted.IsWhole)
        {
            var before = wanted.Offset;
            try
            {
                await FetchRepeatedlyAsync(wanted, cancellationToken);
            }
            catch (StoreCallException failure) when (failure.MayPass && wanted.Offset > before)
            {
                // It has come further since: that is no reason to give up.
            }
            catch (StoreCallException failure)
            {
                throw failure.ForSource(failure.Failure == StoreFailure.ConditionFailed ? "source object has changed since the delivery began" : $"{unreadable}: {failure.Message}");
            }
        }
    }

    /// <summary>Asks the store for what is missing, on the condition that the object is the version it was, and fills it; as often as it is worth it.</summary>
    /// <exception cref="StoreCallException">Not all of it has come; what has is kept.</exception>
    protected abstract Task FetchRepeatedlyAsync(WantedRange wanted, CancellationToken cancellationToken);
}

/// <summary>A range that fills from its start.</summary>
/// <param name="offset">Where it begins in the object.</param>
/// <param name="arrived">Told of every piece.</param>
internal sealed class WantedRange(long offset, Memory<byte> range, Action<int> arrived)
{
    private int _filled;

    /// <summary>Where the missing bytes begin.</summary>
    public long Offset => offset + _filled;

    /// <summary>Bytes that are missing.</summary>
    public int Missing => range.Length - _filled;

    public bool IsWhole => Missing == 0;

    /// <summary>Takes the missing bytes from an answer.</summary>
    /// <exception cref="StoreCallException">It ended before.</exception>
    public async Task FillAsync(Stream answer, CancellationToken cancellationToken)
    {
        while (!IsWhole)
        {
            var length = await answer.ReadAsync(range[_filled..], cancellationToken);
            if (length == 0)
                throw new StoreCallException("the store broke its answer off");
            _filled += length;
            arrived(length);
        }
    }
}
