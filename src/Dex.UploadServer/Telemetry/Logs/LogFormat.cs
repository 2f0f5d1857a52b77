using System.Buffers;
using System.Text.Json;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.ObjectPool;

namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>Writes a log record as one JSON object: time, level, source, msg, app_info, scope, fields (spec: metrics-logs-traces.md 4).</summary>
internal sealed class LogFormat(LogWriter writer, TelemetryOptions options, TimeProvider clock)
{
    private const string Template = "{OriginalFormat}";

    private readonly DefaultObjectPool<LogLine> _lines = new(new LogLine.PoolPolicy(), maximumRetained: 32);
    private readonly ReadOnlyMemory<byte> _appInfo = AppInfo(options.Environment);

    public LogLevel Threshold { get; } = options.DebugOn ? LogLevel.Debug : LogLevel.Information;

    public IExternalScopeProvider Scopes { get; set; } = new LoggerExternalScopeProvider();

    public void Write<TState>(LogLevel level, LogSource source, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = _lines.Get();
        try
        {
            var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
            line.Json.WriteStartObject();
            line.WriteTime(clock.GetLocalNow());
            line.Json.WriteString("level"u8, NameOf(level));
            line.WriteObject("source"u8, source.Json.Span);
            if (source.Ours && MessageOf(fields) is { IsEmpty: false } message)
                line.Json.WriteString("msg"u8, message);
            else
                line.Json.WriteString("msg"u8, formatter(state, exception));
            line.WriteObject("app_info"u8, _appInfo.Span);
            WriteFields(line, fields);
            WriteException(line, level, exception);
            line.End();
            writer.Write(line.Written);
        }
        finally
        {
            _lines.Return(line);
        }
    }

    private static ReadOnlySpan<byte> NameOf(LogLevel level) => level switch
    {
        >= LogLevel.Error => "ERROR"u8,
        LogLevel.Warning => "WARN"u8,
        LogLevel.Information => "INFO"u8,
        _ => "DEBUG"u8,
    };

    /// <summary>The template up to its first placeholder.</summary>
    private static ReadOnlySpan<char> MessageOf(IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        if (fields.Count == 0 || fields[^1] is not { Key: Template, Value: string template })
            return default;
        var brace = template.IndexOf('{', StringComparison.Ordinal);
        return template.AsSpan(0, brace < 0 ? template.Length : brace).Trim();
    }

    private static ReadOnlyMemory<byte> AppInfo(string environment)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, WireJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("System"u8, "DEX"u8);
        json.WriteString("Product"u8, "UPLOAD API"u8);
        json.WriteString("App"u8, "UPLOAD SERVER"u8);
        json.WriteString("Env"u8, environment);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private void WriteFields(LogLine line, IReadOnlyList<KeyValuePair<string, object?>> own)
    {
        Scopes.ForEachScope(static (scope, line) => AddScope(line.Fields, scope), line);
        for (var index = 0; index < own.Count; index++)
        {
            var field = own[index]; // each reading boxes its value anew
            if (field.Key != Template)
                line.Fields.Add(field);
        }

        line.WriteFields();
    }

    private static void AddScope(List<KeyValuePair<string, object?>> fields, object? scope)
    {
        // Our scopes are arrays; the framework's own kinds are no part of the contract, and dear to read.
        if (scope is not KeyValuePair<string, object?>[] pairs)
            return;
        foreach (var pair in pairs)
        {
            // Our fields start with a small letter.
            if (pair.Key.Length > 0 && char.IsAsciiLetterLower(pair.Key[0]))
                fields.Add(pair);
        }
    }

    private static void WriteException(LogLine line, LogLevel level, Exception? exception)
    {
        if (exception is null)
            return;
        if (!line.HasField("error"))
            line.Json.WriteString("error"u8, LogValue.TextOf(exception));
        if (level >= LogLevel.Error && !line.HasField("stack"))
            line.Json.WriteString("stack"u8, exception.ToString());
    }
}
