using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace Dex.UploadServer.Reports;

/// <summary>The lines of a report or event file that are JSON objects. Torn and foreign lines are skipped (spec: reliability.md C5).</summary>
internal static class ReportLines
{
    /// <summary>Far longer than any line we write; beyond it a line is passed over without being held.</summary>
    private const int LongestLine = 16 * 1024 * 1024;

    /// <param name="read">Given each object in the file's order.</param>
    /// <exception cref="IOException">The file exists and cannot be read.</exception>
    public static async Task ReadAsync(string path, Action<JsonElement> read, CancellationToken cancellationToken)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return;
        }

        var lines = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
        var skipping = false;
        while (true)
        {
            var result = await lines.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                if (!skipping)
                    ReadLine(buffer.Slice(0, end), read);
                skipping = false;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (buffer.Length > LongestLine)
            {
                skipping = true;
                buffer = buffer.Slice(buffer.End);
            }

            if (result.IsCompleted)
            {
                // A last line without its end is torn, or being written this moment; if it is whole it counts.
                if (!skipping)
                    ReadLine(buffer, read);
                break;
            }

            lines.AdvanceTo(buffer.Start, buffer.End);
        }

        await lines.CompleteAsync();
    }

    private static void ReadLine(ReadOnlySequence<byte> line, Action<JsonElement> read)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                read(document.RootElement);
        }
        catch (Exception bad) when (bad is JsonException or InvalidOperationException or FormatException)
        {
            // Torn, foreign, or with text that is not valid Unicode: nothing to show.
        }
    }
}
