using System.Text;
using System.Text.Json;
using Dex.UploadServer.Telemetry.Logs;

namespace Dex.UploadServer.Tests.Telemetry;

/// <summary>A log that is kept in memory instead of going to stdout.</summary>
internal sealed class CapturedLog : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly MemoryStream _output = new();

    public CapturedLog()
    {
        Writer = new LogWriter(Stream.Synchronized(_output));
    }

    public LogWriter Writer { get; }

    public string Text
    {
        get
        {
            Writer.Flush(Patience);
            lock (_output)
                return Encoding.UTF8.GetString(_output.ToArray());
        }
    }

    public IReadOnlyList<JsonElement> Lines =>
        [.. Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    public void Dispose() => Writer.Dispose();
}
