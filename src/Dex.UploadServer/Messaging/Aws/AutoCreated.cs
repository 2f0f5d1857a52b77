namespace Dex.UploadServer.Messaging.Aws;

/// <summary>How a topic or queue that a server made for itself can be told from those of operators (spec: reports-and-events.md 6).</summary>
internal static class AutoCreated
{
    public static readonly IReadOnlyList<KeyValuePair<string, string>> Tags = [new("auto-generated", "true"), new("auto-generated-by", "phdo")];
}
