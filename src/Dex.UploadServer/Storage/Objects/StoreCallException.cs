using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Why a call to an object store failed, whichever store it is.</summary>
internal enum StoreFailure
{
    /// <summary>No such object.</summary>
    NotFound,

    /// <summary>No such bucket or container: nothing below it can work.</summary>
    NoBucket,

    /// <summary>No such multipart upload: never begun, aborted, or already completed.</summary>
    NoMultipartUpload,

    /// <summary>A wrong key, or one without the permission.</summary>
    Denied,

    /// <summary>No credentials, or expired ones: the key is not to blame, and somebody may be renewing it.</summary>
    NotSignedIn,

    /// <summary>A condition of the call (<c>If-Match</c>, <c>If-None-Match</c>) did not hold.</summary>
    ConditionFailed,

    /// <summary>The call is wrong in itself; the same call will always be.</summary>
    Refused,

    /// <summary>The store asks to be left alone for a while.</summary>
    Throttled,

    /// <summary>Not reached, broken off, or failed inside: the call may have happened or not.</summary>
    Unavailable,
}

/// <summary>A call to an object store that failed. The message is for people and names no address.</summary>
internal sealed class StoreCallException : IOException
{
    public StoreCallException() { }
    public StoreCallException(string message) : base(message) { }
    public StoreCallException(string message, Exception innerException) : base(message, innerException) { }

    public StoreFailure Failure { get; init; } = StoreFailure.Unavailable;

    /// <summary>How long the store asked to wait; zero if it did not.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>Whether the same call may succeed later.</summary>
    public bool MayPass => Failure is StoreFailure.Throttled or StoreFailure.Unavailable;

    /// <summary>Whether the call may have happened all the same: look before repeating one that cannot be repeated (spec: reliability.md U1).</summary>
    public bool MayHaveHappened => MayPass;

    /// <summary>The same in a destination's words (<see cref="IDeliveryDestination.DeliverAsync"/>).</summary>
    /// <param name="message">What was done, where, and why it failed, for reports.</param>
    public Exception ForDestination(string message) => Failure switch
    {
        StoreFailure.Refused or StoreFailure.Denied => new DeliveryRefusedException(message, this),
        StoreFailure.Throttled => new DeliveryPostponedException(message, RetryAfter),
        _ => new IOException(message, this),
    };

    /// <summary>The same in a source's words.</summary>
    public DeliverySourceException ForSource(string message) => new(message, this);
}
