using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Dex.Bench.Load;

/// <summary>Threads that make requests, all on the generator's processor.</summary>
internal static class LoadThreads
{
    private const int StackBytes = 256 * 1024;

    /// <summary>Runs <paramref name="work"/> once per number from 0, each on a thread of its own, and returns when all have ended.</summary>
    /// <param name="processor">Where they run; null for anywhere.</param>
    public static void Run(int count, int? processor, Action<int> work)
    {
        var problems = new ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, count).Select(number => new Thread(() => Try(() => Work(number)), StackBytes) { IsBackground = true }).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        if (problems.TryPeek(out var problem))
            ExceptionDispatchInfo.Throw(problem);

        void Work(int number)
        {
            if (processor is { } pinned)
                Kernel.PinThread(pinned);
            work(number);
        }

        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception problem)
            {
                // Told by Run, on the thread that waits.
                problems.Enqueue(problem);
            }
        }
    }
}
