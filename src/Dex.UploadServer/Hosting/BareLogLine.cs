using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dex.UploadServer.Hosting;

/// <summary>A log line for when there is no log: before the host exists, or after it is gone (spec: metrics-logs-traces.md 4).</summary>
internal static class BareLogLine
{
    public static void Write(
        TextWriter output, string level, string message, string environmentName, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("time", DateTimeOffset.Now.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture));
            json.WriteString("level", level);
            json.WriteStartObject("source");
            json.WriteString("function", typeof(Launcher).FullName);
            json.WriteString("file", "Launcher.cs");
            json.WriteNumber("line", 1);
            json.WriteEndObject();
            json.WriteString("msg", message);
            json.WriteStartObject("app_info");
            json.WriteString("System", "DEX");
            json.WriteString("Product", "UPLOAD API");
            json.WriteString("App", "UPLOAD SERVER");
            json.WriteString("Env", environmentName);
            json.WriteEndObject();
            foreach (var (name, value) in fields)
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        output.Flush();
    }
}
