namespace Dex.UploadServer.Messaging;

/// <summary>Does the work that a message of a broker orders.</summary>
internal interface IEventHandler
{
    /// <summary>Returns when the message can be answered; until then it is kept from other receivers.</summary>
    /// <param name="stopping">Fires when the server stops: what cannot be ended soon is given back.</param>
    /// <exception cref="Exception">Not done; the message is to come again.</exception>
    Task<EventAnswer> HandleAsync(ReceivedEvent received, CancellationToken stopping);
}

/// <summary>A message as a broker gave it.</summary>
/// <param name="MessageId">The same whenever it is received again.</param>
/// <param name="Body">Whatever somebody sent.</param>
/// <param name="Receives">How often it has been received, this time included; 1 or more.</param>
/// <param name="IsLastReceive">The broker will not give it again, or we shall not ask for more of it.</param>
internal sealed record ReceivedEvent(string MessageId, string Body, int Receives, bool IsLastReceive)
{
    /// <summary>Whether no other message can be received as long as this one is held.</summary>
    public required Func<bool> IsInTheWay { get; init; }

    /// <summary>Fires when the broker could not be told any more that the message is held: somebody else may have it now.</summary>
    public required CancellationToken Lost { get; init; }
}

/// <summary>What is to become of a message.</summary>
internal enum EventFate
{
    /// <summary>It has done what it was for.</summary>
    Done,

    /// <summary>It is to come again, to whoever receives it.</summary>
    Again,

    /// <summary>What it ordered is recorded as given up.</summary>
    GivenUp,

    /// <summary>It orders nothing that can be understood.</summary>
    Unusable,
}

/// <summary>The answer to a message.</summary>
/// <param name="After">For <see cref="EventFate.Again"/> and <see cref="EventFate.Unusable"/>: how long to wait before.</param>
internal readonly record struct EventAnswer(EventFate Fate, TimeSpan After = default);

/// <summary>A broker's queue of events.</summary>
internal interface IEventQueue
{
    /// <summary>As metrics name it; null as long as that is not known.</summary>
    string? Label { get; }

    /// <summary>Messages that wait.</summary>
    /// <exception cref="IOException">The broker did not say.</exception>
    Task<long> CountAsync(CancellationToken cancellationToken);
}
