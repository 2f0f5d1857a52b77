using System.Buffers;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Health;

/// <summary><c>/health</c>: 200 whatever the state, because monitoring reads the body (spec: http-api.md 6).</summary>
internal sealed class HealthEndpoint(HealthChecker checker)
{
    public async Task AnswerAsync(HttpContext context) =>
        await JsonAnswer.WriteAsync(context, Render(await checker.CheckAsync()));

    private static ReadOnlyMemory<byte> Render(ServiceHealth[] services)
    {
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output, WireJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("status"u8, Array.TrueForAll(services, service => service.IsUp) ? "UP"u8 : "DEGRADED"u8);
        json.WriteStartArray("services"u8);
        foreach (var service in services)
        {
            json.WriteStartObject();
            json.WriteString("service"u8, service.Service);
            json.WriteString("status"u8, service.IsUp ? "UP"u8 : "DOWN"u8);
            json.WriteString("health_issue"u8, service.Issue);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return output.WrittenMemory;
    }
}
