using System.Buffers;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Health;

/// <summary><c>/</c> and <c>/version</c>: who answers here (spec: http-api.md 4, 5).</summary>
internal sealed class IdentityEndpoints(BuildInfo build, TimeProvider clock)
{
    public Task AnswerBannerAsync(HttpContext context)
    {
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output, WireJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("system"u8, "DEX"u8);
        json.WriteString("dex_product"u8, "UPLOAD API"u8);
        json.WriteString("dex_app"u8, "upload server"u8);
        json.WriteString("server_time"u8, WireTime.Format(clock.GetLocalNow()));
        json.WriteEndObject();
        json.Flush();
        return JsonAnswer.WriteAsync(context, output.WrittenMemory);
    }

    public Task AnswerVersionAsync(HttpContext context)
    {
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output, WireJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("repo"u8, build.Repository);
        json.WriteString("latest_release_version"u8, build.LatestReleaseVersion);
        json.WriteString("git_short_sha"u8, build.GitShortSha);
        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
        return JsonAnswer.WriteAsync(context, output.WrittenMemory);
    }
}
