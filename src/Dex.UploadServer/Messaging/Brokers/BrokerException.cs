namespace Dex.UploadServer.Messaging.Brokers;

/// <summary>Why a call to a broker failed.</summary>
internal enum BrokerFailure
{
    /// <summary>No such topic, queue or subscription.</summary>
    NotFound,

    /// <summary>Wrong or missing credentials, or no permission.</summary>
    Denied,

    /// <summary>The call is wrong in itself; the same call will always be.</summary>
    Refused,

    /// <summary>Not reached, broken off, throttled, or failed inside: the call may have happened or not.</summary>
    Unavailable,

    /// <summary>The message is not ours any more: it was answered, or others may have it.</summary>
    LockLost,
}

/// <summary>A call to a broker that failed. The message is for people and names no address.</summary>
internal sealed class BrokerException : IOException
{
    public BrokerException() { }
    public BrokerException(string message) : base(message) { }
    public BrokerException(string message, Exception innerException) : base(message, innerException) { }

    public BrokerFailure Failure { get; init; } = BrokerFailure.Unavailable;

    /// <summary>How long the broker asked to wait; zero if it did not.</summary>
    public TimeSpan RetryAfter { get; init; }

    public static BrokerException Unreachable(Exception inner) => new("the broker cannot be reached or broke the call off", inner);
}
