namespace Dex.UploadServer.Storage.Objects;

/// <summary>Pieces of one object that are sent at the same time, in order of their place in it. Used by one at a time.</summary>
/// <param name="most">Buffers there may be: one that fills, the others on their way.</param>
internal sealed class PartsInFlight<T>(int most)
{
    private readonly Queue<Task<T>> _sent = new();

    /// <summary>Whether one could not be sent: what comes after it does not count.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Waits until there may be another buffer.</summary>
    public async Task WaitForTurnAsync()
    {
        while (_sent.Count(part => !part.IsCompleted) >= most)
            await Task.WhenAny(_sent.Where(part => !part.IsCompleted));
    }

    /// <summary>Sends a piece in the background and disposes it afterwards.</summary>
    public void Start(PooledPart part, Func<PooledPart, Task<T>> send) => _sent.Enqueue(SendAsync(part, send));

    /// <summary>What has been sent without a gap since the last time.</summary>
    public IReadOnlyList<T> TakeSent()
    {
        List<T>? sent = null;
        while (_sent.TryPeek(out var part) && part.IsCompletedSuccessfully)
            (sent ??= []).Add(_sent.Dequeue().Result);
        HasFailed |= _sent.Any(part => part.IsFaulted || part.IsCanceled);
        return sent ?? (IReadOnlyList<T>)[];
    }

    /// <summary>Waits until all have ended.</summary>
    /// <returns>What was sent without a gap since the last time, and why the first after it was not; null if nothing failed.</returns>
    public async Task<(IReadOnlyList<T> Sent, Exception? Failure)> SettleAsync()
    {
        var sent = new List<T>(_sent.Count);
        Exception? failure = null;
        while (_sent.TryDequeue(out var part))
        {
            try
            {
                var result = await part;
                if (failure is null)
                    sent.Add(result);
            }
            catch (Exception error)
            {
                failure ??= error;
                HasFailed = true;
            }
        }

        return (sent, failure);
    }

    private static async Task<T> SendAsync(PooledPart part, Func<PooledPart, Task<T>> send)
    {
        using (part)
            return await send(part);
    }
}
