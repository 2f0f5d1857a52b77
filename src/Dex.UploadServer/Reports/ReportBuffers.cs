using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Reports;

/// <summary>Memory in which reports are written, used again and again: thousands of uploads that trickle have one a second each.</summary>
internal sealed class ReportBuffers
{
    private const int MostKept = 16;
    private const int UsualBytes = 2 * 1024;
    private const int MostBytesKept = 64 * 1024;

    // Whole lines are tested, so the writer need not check each call.
    private static readonly JsonWriterOptions Options = WireJson.WriterOptions with { SkipValidation = true };

    private readonly ConcurrentQueue<Buffer> _unused = new();

    /// <summary>One report's text; disposing of it gives the memory back.</summary>
    public Buffer Take() => _unused.TryDequeue(out var buffer) ? buffer : new Buffer(this);

    /// <inheritdoc cref="Take"/>
    public sealed class Buffer(ReportBuffers owner) : IDisposable
    {
        private readonly ArrayBufferWriter<byte> _bytes = new(UsualBytes);
        private Utf8JsonWriter? _json;

        /// <summary>Writes the report in place of what was written before.</summary>
        /// <returns>Its text, until the next one is written.</returns>
        public ReadOnlyMemory<byte> Write(Report report, string version, bool hideValues)
        {
            _bytes.ResetWrittenCount();
            if (_json is null)
                _json = new Utf8JsonWriter(_bytes, Options);
            else
                _json.Reset(_bytes);
            ReportJsonWriter.Write(_json, report, version, hideValues);
            _json.Flush();
            return _bytes.WrittenMemory;
        }

        public void Dispose()
        {
            if (_bytes.Capacity <= MostBytesKept && owner._unused.Count < MostKept)
                owner._unused.Enqueue(this);
            else
                _json?.Dispose();
        }
    }
}
