using System.Buffers;
using System.Text.Json;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Info;

/// <summary>The body of <c>/info</c>: key order, nulls and line end are part of the contract (spec: http-api.md 8).</summary>
internal static class InfoJson
{
    public static ReadOnlyMemory<byte> Write(UploadInfo info)
    {
        var json = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(json, WireJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("manifest");
            foreach (var (key, value) in info.Manifest)
                writer.WriteString(key, value);
            writer.WriteEndObject();

            WriteFile(writer, info.File);

            writer.WriteStartObject("upload_status");
            writer.WriteString("status", Name(info.Stage));
            writer.WriteString("chunk_received_at", WireTime.Format(info.StageAt.ToUniversalTime()));
            if (!info.Issues.IsEmpty)
                WriteList(writer, "issues", info.Issues, WriteIssue); // a key that readers of healthy uploads never see
            writer.WriteEndObject();

            WriteList(writer, "deliveries", info.Attempts, WriteAttempt);
            writer.WriteEndObject();
        }

        json.Write("\n"u8);
        return json.WrittenMemory;
    }

    private static void WriteFile(Utf8JsonWriter writer, UploadFile? file)
    {
        if (file is null)
        {
            writer.WriteNull("file_info");
            return;
        }

        writer.WriteStartObject("file_info");
        writer.WriteNumber("size_bytes", file.Bytes);
        writer.WriteString("updated_at", WireTime.Format(file.ModifiedAt.ToUniversalTime()));
        writer.WriteEndObject();
    }

    private static void WriteAttempt(Utf8JsonWriter writer, DeliveryAttempt attempt)
    {
        writer.WriteStartObject();
        writer.WriteString("status", attempt.Succeeded ? "SUCCESS" : "FAILURE");
        writer.WriteString("name", attempt.Target);
        writer.WriteString("location", attempt.Succeeded ? attempt.Location : "");
        writer.WriteString("delivered_at", WireTime.Format(attempt.EndedAt.ToUniversalTime()));
        WriteList(writer, "issues", attempt.Issues, WriteIssue);
        writer.WriteEndObject();
    }

    private static void WriteIssue(Utf8JsonWriter writer, AttemptIssue issue)
    {
        writer.WriteStartObject();
        writer.WriteString("level", issue.Level);
        writer.WriteString("message", issue.Message);
        writer.WriteEndObject();
    }

    // Readers expect null for nothing, not an empty list.
    private static void WriteList<T>(Utf8JsonWriter writer, string key, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
        {
            writer.WriteNull(key);
            return;
        }

        writer.WriteStartArray(key);
        foreach (var item in items)
            write(writer, item);
        writer.WriteEndArray();
    }

    private static string Name(UploadStage stage) => stage switch
    {
        UploadStage.Initiated => "Initiated",
        UploadStage.InProgress => "In Progress",
        UploadStage.Failed => "Failed",
        _ => "Complete",
    };
}
