namespace Dex.UploadServer.Messaging.Aws;

/// <summary>Something that is to succeed once. Who asks at the same time shares an attempt; after one that failed the next caller begins another.</summary>
internal sealed class SharedAttempt<T>(Func<Task<T>> run)
    where T : class
{
    private readonly Lock _gate = new();
    private volatile Task<T>? _latest;

    /// <summary>What came of it; null before.</summary>
    public T? Result => _latest is { IsCompletedSuccessfully: true } done ? done.Result : null;

    /// <param name="cancellationToken">Ends the waiting, not the attempt.</param>
    public Task<T> GetAsync(CancellationToken cancellationToken)
    {
        if (_latest is { IsCompletedSuccessfully: true } done)
            return done;
        lock (_gate)
        {
            if (_latest is null or { IsFaulted: true } or { IsCanceled: true })
                _latest = Task.Run(run, CancellationToken.None);
            return _latest.WaitAsync(cancellationToken);
        }
    }
}
