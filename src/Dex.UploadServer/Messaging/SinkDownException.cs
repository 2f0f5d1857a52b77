namespace Dex.UploadServer.Messaging;

/// <summary>A sink as a whole takes nothing now, whatever the message: not reached, no access, or too much at once.</summary>
internal sealed class SinkDownException : IOException
{
    public SinkDownException() { }
    public SinkDownException(string message) : base(message) { }
    public SinkDownException(string message, Exception innerException) : base(message, innerException) { }
}
