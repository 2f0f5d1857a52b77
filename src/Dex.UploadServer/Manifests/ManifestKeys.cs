namespace Dex.UploadServer.Manifests;

/// <summary>Manifest keys with a meaning for the server (spec: manifests.md 7 and 8).</summary>
internal static class ManifestKeys
{
    public const string DataStreamId = "data_stream_id";
    public const string DataStreamRoute = "data_stream_route";
    public const string SenderId = "sender_id";
    public const string Jurisdiction = "jurisdiction";
    public const string IngestedAt = "dex_ingest_datetime";
    public const string UploadId = "upload_id";

    /// <summary>The keys that may name the file, in order of priority.</summary>
    public static readonly IReadOnlyList<string> FileNames = ["filename", "original_filename", "meta_ext_filename", "received_filename"];

    /// <summary>The upload's file name: the first of <see cref="FileNames"/> that is present, even if empty; else empty.</summary>
    public static string FileNameOf(IReadOnlyDictionary<string, string> manifest)
    {
        for (var i = 0; i < FileNames.Count; i++)
        {
            if (manifest.TryGetValue(FileNames[i], out var name))
                return name;
        }

        return "";
    }
}
