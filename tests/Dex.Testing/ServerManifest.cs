using System.Text;

namespace Dex.Testing;

/// <summary>The manifest of the sample stream, as object and as it goes over the wire.</summary>
public static class ServerManifest
{
    /// <summary>All that the sample config requires.</summary>
    public static Dictionary<string, string> For(string fileName) => new()
    {
        ["sender_id"] = "test sender",
        ["data_producer_id"] = "test-producer-id",
        ["jurisdiction"] = "test-jurisdiction",
        ["received_filename"] = fileName,
        ["data_stream_id"] = "dextesting",
        ["data_stream_route"] = "testevent1",
    };

    /// <summary>A value for <c>Upload-Metadata</c>.</summary>
    public static string Encode(IEnumerable<KeyValuePair<string, string>> manifest) =>
        string.Join(',', manifest.Select(pair => $"{pair.Key} {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))}"));
}
