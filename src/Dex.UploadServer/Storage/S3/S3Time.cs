namespace Dex.UploadServer.Storage.S3;

/// <summary>Times as the SDK gives them.</summary>
internal static class S3Time
{
    public static DateTimeOffset Of(DateTime? time) => time is { } known ? new DateTimeOffset(known.ToUniversalTime()) : DateTimeOffset.MinValue;
}
