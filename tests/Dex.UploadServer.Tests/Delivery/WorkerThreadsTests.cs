using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Delivery;

public sealed class WorkerThreadsTests
{
    private static readonly TimeSpan RealPatience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task When_every_thread_hangs_the_next_call_fails_at_once_and_works_when_one_returns()
    {
        using var gate = new ManualResetEventSlim();
        var threads = new WorkerThreads("test", 2);
        var hanging = new[] { threads.RunAsync(() => gate.Wait(RealPatience)), threads.RunAsync(() => gate.Wait(RealPatience)) };

        var error = await Assert.ThrowsAsync<IOException>(() => threads.RunAsync(() => true));
        gate.Set();
        await Task.WhenAll(hanging).WaitAsync(RealPatience, TestContext.Current.CancellationToken);

        Assert.Equal("the target does not answer: 2 earlier calls have not returned", error.Message);
        await DeliveryRig.UntilAsync(() => WorksAsync(threads));
    }

    [Fact]
    public async Task A_call_that_throws_throws_to_its_caller_and_harms_no_other()
    {
        var threads = new WorkerThreads("test", 1);

        await Assert.ThrowsAsync<InvalidDataException>(() => threads.RunAsync(() => Fail()));

        await DeliveryRig.UntilAsync(() => WorksAsync(threads));
    }

    private static bool Fail() => throw new InvalidDataException();

    /// <summary>A thread is free a moment after its caller has been answered.</summary>
    private static async Task<bool> WorksAsync(WorkerThreads threads)
    {
        try
        {
            return await threads.RunAsync(() => true);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
