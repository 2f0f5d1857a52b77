namespace Dex.UploadServer.Messaging;

/// <summary>A sink as a whole takes nothing now, whatever the message: not reached, no access, or too much at once.</summary>
internal sealed class SinkDownException : IOException
{
    public SinkDownException() { }
    public SinkDownException(string message) : base(message) { }
    public SinkDownException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>How long the other side asked to wait; zero if it did not.</summary>
    public TimeSpan RetryAfter { get; init; }
}
