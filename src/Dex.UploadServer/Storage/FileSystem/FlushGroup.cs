using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Flushes small files and folders for many callers together: what several wait for at once costs the disk little more than a single flush (spec: reliability.md 2).</summary>
/// <remarks>A thread of its own does it, so that no request's thread waits for a disk. One that had nothing to do for a while ends.</remarks>
internal sealed class FlushGroup
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    // A monitor, not a Lock: the idle thread waits on it.
    private readonly object _gate = new();
    private List<Request> _waiting = [];
    private bool _isRunning;

    /// <summary>Makes a file's bytes, and what is needed to find them, durable. The handle must stay open until then.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public Task FlushDataAsync(SafeFileHandle file, string path) => Enqueue(new Request(file, path));

    /// <summary>Makes the names in a folder durable.</summary>
    /// <inheritdoc cref="FlushDataAsync" path="/exception"/>
    public Task FlushFolderAsync(string path) => Enqueue(new Request(null, path));

    private Task Enqueue(Request request)
    {
        lock (_gate)
        {
            _waiting.Add(request);
            if (_isRunning)
            {
                Monitor.Pulse(_gate);
            }
            else
            {
                _isRunning = true;
                new Thread(Run) { IsBackground = true, Name = "flush" }.Start();
            }
        }

        return request.Task;
    }

    private void Run()
    {
        for (List<Request> batch = []; TryTake(ref batch); batch.Clear())
            Flush(batch);
    }

    private bool TryTake(ref List<Request> batch)
    {
        lock (_gate)
        {
            for (var inTime = true; _waiting.Count == 0;)
            {
                if (!inTime)
                {
                    _isRunning = false;
                    return false;
                }

                inTime = Monitor.Wait(_gate, IdleTime);
            }

            (batch, _waiting) = (_waiting, batch);
            return true;
        }
    }

    private static void Flush(List<Request> batch)
    {
        // All are on their way to the disk before the first is waited for.
        if (batch.Count > 1)
        {
            foreach (var request in batch)
                request.StartWriteBack();
        }

        foreach (var request in batch.Where(static request => !request.IsFolder))
            request.Complete(request.Flush());
        foreach (var folder in batch.Where(static request => request.IsFolder).GroupBy(static request => request.Path, StringComparer.Ordinal))
        {
            var failure = folder.First().Flush();
            foreach (var request in folder)
                request.Complete(failure);
        }
    }

    /// <param name="file">Null for a folder.</param>
    private sealed class Request(SafeFileHandle? file, string path) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public bool IsFolder => file is null;

        public string Path => path;

        public void StartWriteBack()
        {
            if (file is not null)
                Posix.StartWriteBack(file, 0, 0);
        }

        public Exception? Flush()
        {
            try
            {
                if (file is not null)
                    Posix.FlushData(file, path);
                else
                    Posix.FlushFolder(path);
                return null;
            }
            catch (Exception error) // Whatever it is, it is the caller's; the others still want theirs.
            {
                return error;
            }
        }

        public void Complete(Exception? failure)
        {
            if (failure is null)
                SetResult();
            else
                SetException(failure);
        }
    }
}
