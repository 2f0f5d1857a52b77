namespace Dex.UploadServer.Storage.S3;

/// <summary>An ETag as a condition of a PUT: some servers compare it with its quotes, and all take it without.</summary>
internal static class S3Condition
{
    public static string Of(string tag) => tag.Trim('"');
}
