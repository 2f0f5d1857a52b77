using System.Diagnostics.CodeAnalysis;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Threads of their own for calls that may hang for ever, such as those to a network mount that is gone. The thread pool stays free, and nobody has to wait for them, not even the end of the process.</summary>
/// <param name="name">For debuggers.</param>
/// <param name="limit">So many calls at once; when all hang, the next fails at once.</param>
internal sealed class WorkerThreads(string name, int limit)
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    // A monitor, not a Lock: idle threads wait on it.
    private readonly object _gate = new();
    private readonly Queue<Action> _work = new();
    private int _threads;
    private int _idle;

    /// <summary>Runs a blocking call.</summary>
    /// <exception cref="IOException">Too many earlier calls have not returned.</exception>
    public Task<T> RunAsync<T>(Func<T> call)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Start(() =>
        {
            try
            {
                result.SetResult(call());
            }
            catch (Exception error)
            {
                result.SetException(error);
            }
        });
        return result.Task;
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Action call) => RunAsync(() =>
    {
        call();
        return true;
    });

    private void Start(Action work)
    {
        lock (_gate)
        {
            if (_idle > _work.Count)
            {
                _work.Enqueue(work);
                Monitor.Pulse(_gate);
                return;
            }

            if (_threads == limit)
                throw new IOException($"the target does not answer: {limit} earlier calls have not returned");
            _threads++;
        }

        new Thread(() => Run(work)) { IsBackground = true, Name = name }.Start();
    }

    private void Run(Action work)
    {
        var next = work;
        do
            next();
        while (TryWaitForWork(out next));
    }

    private bool TryWaitForWork([NotNullWhen(true)] out Action? work)
    {
        lock (_gate)
        {
            _idle++;
            var inTime = true;
            while (!_work.TryDequeue(out work) && inTime)
                inTime = Monitor.Wait(_gate, IdleTime);
            _idle--;
            if (work is null)
                _threads--;
            return work is not null;
        }
    }
}
