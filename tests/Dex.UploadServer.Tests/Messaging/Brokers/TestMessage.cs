using System.Collections.Concurrent;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Tests.Messaging.Brokers;

/// <summary>A message of no broker; tells how it was answered.</summary>
internal sealed class TestMessage : IBrokerMessage
{
    private int _renewals;

    public string Id { get; init; } = "1";

    public string Body { get; init; } = "body";

    public int Receives { get; init; } = 1;

    public TimeSpan KeptFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What a renewal throws, if anything.</summary>
    public Exception? RenewalFailure { get; set; }

    public int Renewals => Volatile.Read(ref _renewals);

    public ConcurrentQueue<string> Answers { get; } = new();

    public Task RenewAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _renewals);
        return RenewalFailure is { } failure ? throw failure : Task.CompletedTask;
    }

    public Task DeleteAsync(CancellationToken cancellationToken)
    {
        Answers.Enqueue("delete");
        return Task.CompletedTask;
    }

    public Task ReturnAsync(TimeSpan after, CancellationToken cancellationToken)
    {
        Answers.Enqueue($"return {after.TotalSeconds}");
        return Task.CompletedTask;
    }
}
