namespace Dex.UploadServer.Messaging.Azure;

/// <summary>How large messages may be.</summary>
internal static class MessageLimits
{
    /// <summary>What every tier of the service takes is 256 KiB, with what we tell it of the message.</summary>
    public const int MostSentBytes = 254 * 1024;

    /// <summary>More than any event; what is larger is none.</summary>
    public const int MostReceivedBytes = 1024 * 1024;
}
