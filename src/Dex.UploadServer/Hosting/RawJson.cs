using System.Text;

namespace Dex.UploadServer.Hosting;

/// <summary>A log field that is JSON already: the log nests it as it is instead of quoting it (spec: metrics-logs-traces.md 4, "objects").</summary>
internal readonly record struct RawJson(ReadOnlyMemory<byte> Utf8)
{
    /// <summary>The JSON text, for logs that only know text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}
