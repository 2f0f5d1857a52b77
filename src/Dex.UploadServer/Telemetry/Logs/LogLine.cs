using System.Buffers;
using System.Text.Json;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.ObjectPool;

namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>One log line while it is written; used again for the next one.</summary>
internal sealed class LogLine : IDisposable
{
    private const int BytesKept = 64 * 1024;

    private ArrayBufferWriter<byte> _buffer = new(1024);

    public LogLine()
    {
        Json = new Utf8JsonWriter(_buffer, WireJson.WriterOptions);
    }

    public Utf8JsonWriter Json { get; }

    /// <summary>The fields of the scopes, outermost first, then the record's own.</summary>
    public List<KeyValuePair<string, object?>> Fields { get; } = [];

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void WriteTime(DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[WireTime.MaxBytes];
        Json.WriteString("time"u8, text[..WireTime.Format(time, text)]);
    }

    /// <summary>Writes an object that is JSON already.</summary>
    public void WriteObject(ReadOnlySpan<byte> name, ReadOnlySpan<byte> json)
    {
        Json.WritePropertyName(name);
        Json.WriteRawValue(json, skipInputValidation: true);
    }

    /// <summary>Writes each field once: what is said later, nearer to the record, hides what was said before.</summary>
    public void WriteFields()
    {
        for (var index = 0; index < Fields.Count; index++)
        {
            var (name, value) = Fields[index];
            if (HasField(name, after: index))
                continue;
            Json.WritePropertyName(name);
            LogValue.Write(Json, value);
        }
    }

    public bool HasField(string name) => HasField(name, after: -1);

    public void End()
    {
        Json.WriteEndObject();
        Json.Flush();
        _buffer.Write("\n"u8);
    }

    public void Dispose() => Json.Dispose();

    private bool HasField(string name, int after)
    {
        for (var index = after + 1; index < Fields.Count; index++)
        {
            if (string.Equals(Fields[index].Key, name, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private void Clear()
    {
        // One huge line must not keep its memory for ever.
        if (_buffer.Capacity > BytesKept)
            _buffer = new ArrayBufferWriter<byte>(1024);
        else
            _buffer.ResetWrittenCount();
        Json.Reset(_buffer);
        Fields.Clear();
    }

    /// <summary>How a pool makes lines and takes them back.</summary>
    internal sealed class PoolPolicy : PooledObjectPolicy<LogLine>
    {
        public override LogLine Create() => new();

        public override bool Return(LogLine obj)
        {
            obj.Clear();
            return true;
        }
    }
}
