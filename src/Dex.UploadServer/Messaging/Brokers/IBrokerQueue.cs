namespace Dex.UploadServer.Messaging.Brokers;

/// <summary>A broker's queue of events, as <see cref="EventReceiver"/> uses it.</summary>
internal interface IBrokerQueue : IEventQueue
{
    /// <summary>Whether the broker puts a message aside that was received too often; else we delete what is given up.</summary>
    bool HasDeadLetters { get; }

    /// <summary>After how many receives of a message no further one is to be expected, or asked for.</summary>
    int LastReceive { get; }

    /// <summary>Whether a message that is returned can stay away for a while; else it is held for that time.</summary>
    bool HidesReturned { get; }

    /// <summary>Finds out, or makes sure, that there is something to receive from, if that has not been done yet.</summary>
    /// <exception cref="BrokerException">Not now.</exception>
    /// <exception cref="WrongQueueException">It is another queue than the configured one.</exception>
    Task EnsureAsync(CancellationToken cancellationToken);

    /// <summary>Waits about a second for messages; each is then kept from others for a while.</summary>
    /// <exception cref="BrokerException">Nothing was received.</exception>
    Task<IReadOnlyList<IBrokerMessage>> ReceiveAsync(int limit, CancellationToken cancellationToken);
}

/// <summary>A message that was received and is to be answered.</summary>
internal interface IBrokerMessage
{
    /// <summary>The same whenever it is received again.</summary>
    string Id { get; }

    string Body { get; }

    /// <summary>How often it has been received, this time included.</summary>
    int Receives { get; }

    /// <summary>How long it is kept from others without renewal.</summary>
    TimeSpan KeptFor { get; }

    /// <summary>From now on it is kept for that long again.</summary>
    /// <exception cref="BrokerException">Not done.</exception>
    Task RenewAsync(CancellationToken cancellationToken);

    /// <summary>It has done its work.</summary>
    /// <exception cref="BrokerException">Not done; it will come again.</exception>
    Task DeleteAsync(CancellationToken cancellationToken);

    /// <summary>It is to come again.</summary>
    /// <param name="after">Not before; zero where <see cref="IBrokerQueue.HidesReturned"/> is false.</param>
    /// <exception cref="BrokerException">Not done; it will come again when its time is over.</exception>
    Task ReturnAsync(TimeSpan after, CancellationToken cancellationToken);
}

/// <summary>The queue that was found is not the configured one: a mistake of configuration.</summary>
internal sealed class WrongQueueException : Exception
{
    public WrongQueueException() { }
    public WrongQueueException(string message) : base(message) { }
    public WrongQueueException(string message, Exception innerException) : base(message, innerException) { }
}
