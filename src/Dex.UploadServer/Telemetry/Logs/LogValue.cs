using System.Globalization;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>How the values of log fields look: numbers, truth and lists as JSON has them, all else as text.</summary>
internal static class LogValue
{
    public static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case RawJson raw:
                WriteRaw(json, raw.Utf8.Span);
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case uint or ushort or short or byte or sbyte:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case float number when float.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case decimal number:
                json.WriteNumberValue(number);
                break;
            case DateTimeOffset time:
                json.WriteStringValue(WireTime.Format(time));
                break;
            case DateTime time:
                json.WriteStringValue(WireTime.Format(new DateTimeOffset(time)));
                break;
            case Exception error:
                json.WriteStringValue(TextOf(error));
                break;
            case IReadOnlyDictionary<string, string> pairs:
                WriteObject(json, pairs);
                break;
            case IEnumerable<string> items:
                WriteArray(json, items);
                break;
            case IFormattable other:
                json.WriteStringValue(other.ToString(null, CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteStringValue(value.ToString());
                break;
        }
    }

    /// <summary>Message and type of an exception and of what caused it, without the stack.</summary>
    public static string TextOf(Exception error)
    {
        var text = $"{error.Message} ({error.GetType()})";
        return error.InnerException is { } cause ? $"{text}: {TextOf(cause)}" : text;
    }

    private static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> utf8)
    {
        // A line break would end the log line in the middle of the value, and nothing at all would spoil the line.
        if (utf8.IsEmpty || utf8.IndexOfAny((byte)'\n', (byte)'\r') >= 0)
            json.WriteStringValue(utf8);
        else
            json.WriteRawValue(utf8, skipInputValidation: true);
    }

    private static void WriteObject(Utf8JsonWriter json, IReadOnlyDictionary<string, string> pairs)
    {
        json.WriteStartObject();
        foreach (var (name, text) in pairs)
            json.WriteString(name, text);
        json.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter json, IEnumerable<string> items)
    {
        json.WriteStartArray();
        foreach (var item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
