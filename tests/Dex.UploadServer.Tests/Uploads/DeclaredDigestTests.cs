using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Dex.Testing;
using Dex.Tus.Receiving;

namespace Dex.UploadServer.Tests.Uploads;

/// <summary>A digest of the whole file, declared in the manifest or in <c>Repr-Digest</c>: what does not match is not delivered, and everybody is told (spec: tus.md DR22).</summary>
public sealed class DeclaredDigestTests(UploadServerFixture server) : IClassFixture<UploadServerFixture>
{
    private static readonly byte[] Sent = "what arrived"u8.ToArray();
    private static readonly byte[] Meant = "what was sent"u8.ToArray();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Ways => new()
    {
        { "sha256", "hex" }, { "sha256", "HEX" }, { "sha256", "base64" }, { "crc32c", "hex" }, { "crc32c", "base64" }, { "sha512", "hex" },
        { "file_digest_sha256", "hex" }, { "file_digest_sha512", "base64" }, { "file_digest_crc32c", "HEX" }, { "Repr-Digest", "sha-256" },
    };

    [Theory, MemberData(nameof(Ways))]
    [Rule("DR22")]
    public async Task DR22_a_file_that_is_not_what_was_declared_is_reported_and_goes_nowhere(string key, string form)
    {
        var id = await CreateAsync(key, form, Meant, Sent.Length);

        using var last = await server.Http.SendPatchAsync(id, 0, Sent, Stop);
        using var again = await server.Http.SendPatchAsync(id, Sent.Length, ReadOnlyMemory<byte>.Empty, Stop);

        Assert.All([last, again], answer => Assert.Equal((HttpStatusCode)460, answer.StatusCode));
        Assert.Equal(Sent.Length, await server.Http.ReadOffsetAsync(id, Stop));
        var report = Assert.Single(server.Reports(id, "upload-completed"));
        var issue = Assert.Single(report.GetProperty("stage_info").GetProperty("issues").EnumerateArray()).GetProperty("message").GetString()!;
        Assert.Equal("FAILURE", report.GetProperty("stage_info").GetProperty("status").GetString());
        Assert.Contains($"declared {Hex(key, form, Meant)}, computed {Hex(key, form, Sent)}", issue, StringComparison.Ordinal);
        Assert.Equal([0, Sent.Length], server.Offsets(id));
        Assert.Empty(server.Events(id));
        Assert.Empty(server.Reports(id, "blob-file-copy"));
        using var info = JsonDocument.Parse(await server.Http.GetStringAsync($"/info/{id}", Stop));
        var status = info.RootElement.GetProperty("upload_status");
        Assert.Equal("Failed", status.GetProperty("status").GetString());
        Assert.Equal(issue, status.GetProperty("issues")[0].GetProperty("message").GetString());
        Assert.Equal(JsonValueKind.Null, info.RootElement.GetProperty("deliveries").ValueKind);
    }

    [Theory, MemberData(nameof(Ways))]
    [Rule("DR22")]
    public async Task DR22_a_file_that_is_what_was_declared_is_delivered_as_any_other(string key, string form)
    {
        var id = await CreateAsync(key, form, Sent, Sent.Length);

        await server.Http.PatchAsync(id, 0, Sent.AsMemory(0, 3), Stop);
        await server.Http.PatchAsync(id, 3, Sent.AsMemory(3), Stop);

        await Eventually.TrueAsync(() => server.Reports(id, "blob-file-copy").Count > 0);
        Assert.Equal("SUCCESS", Assert.Single(server.Reports(id, "upload-completed")).GetProperty("stage_info").GetProperty("status").GetString());
        Assert.Equal("SUCCESS", Assert.Single(server.Reports(id, "blob-file-copy")).GetProperty("stage_info").GetProperty("status").GetString());
        Assert.DoesNotContain("\"issues\":[", await server.Http.GetStringAsync($"/info/{id}", Stop), StringComparison.Ordinal);
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_nobody_can_ask_for_its_delivery()
    {
        var id = await CreateAsync("sha256", "hex", Meant, Sent.Length);
        using var last = await server.Http.SendPatchAsync(id, 0, Sent, Stop);

        using var answer = await server.Http.PostAsync($"/route/{id}", new StringContent("""{"target":"edav"}"""), Stop);

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal("upload does not match its declared digest\n", await answer.Content.ReadAsStringAsync(Stop));
        Assert.Empty(server.Events(id));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_it_is_counted_and_logged_without_the_manifests_value()
    {
        var declared = Hex("sha256", "hex", "only here"u8.ToArray());
        var id = await CreateAsync("sha256", "hex", "only here"u8.ToArray(), Sent.Length);
        var before = await CountAsync("dex_server_uploads_rejected_total ");
        var completed = await CountAsync("upload_manifest_count{data_stream_id=\"dextesting\",data_stream_route=\"testevent1\",sender_id=\"digest sender\"} ");

        using var last = await server.Http.SendPatchAsync(id, 0, Sent, Stop);

        Assert.Equal(before + 1, await CountAsync("dex_server_uploads_rejected_total "));
        Assert.Equal(completed, await CountAsync("upload_manifest_count{data_stream_id=\"dextesting\",data_stream_route=\"testevent1\",sender_id=\"digest sender\"} "));
        await Eventually.TrueAsync(() => server.Log.Lines.Any(line =>
            line.GetProperty("msg").GetString() == "upload does not match its declared digest and is not delivered"
            && line.GetProperty("level").GetString() == "WARN" && line.GetProperty("uploadId").GetString() == id));
        Assert.DoesNotContain(declared, server.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file_digest_sha256", "00")]
    [InlineData("file_digest_sha256", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("file_digest_sha512", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")]
    [InlineData("file_digest_crc32c", "0x01020304")]
    public async Task A_digest_that_cannot_be_one_is_refused_with_the_manifest(string key, string value)
    {
        using var answer = await SendCreationAsync(key, value, 5);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        var problems = body.RootElement.GetProperty("validation_errors").EnumerateArray().Select(line => line.GetString());
        Assert.Equal(["validation failure", $"field {key} is no {key[12..].Replace("sha", "sha-", StringComparison.Ordinal)} digest in hexadecimal digits or base64"], problems);
        var id = body.RootElement.GetProperty("upload_id").GetString()!;
        Assert.Equal("FAILURE", Assert.Single(server.Reports(id, "metadata-verify")).GetProperty("stage_info").GetProperty("status").GetString());
        Assert.False(File.Exists(server.RecordPath(id)));
    }

    [Theory]
    [InlineData("sha256", "yes")]
    [InlineData("sha256", "")]
    [InlineData("crc32c", "see file")]
    [InlineData("SHA256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")]
    [InlineData("file_digest_sha256", "")]
    [InlineData("checksum", "00000000")]
    public async Task A_key_that_means_something_else_goes_on_doing_so(string key, string value)
    {
        using var created = await SendCreationAsync(key, value, Sent.Length);
        var id = created.Headers.Location!.Segments[^1];

        await server.Http.PatchAsync(id, 0, Sent, Stop);

        Assert.Equal("SUCCESS", Assert.Single(server.Reports(id, "upload-completed")).GetProperty("stage_info").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Digests_that_cannot_both_be_true_are_refused_before_anything_is_stored()
    {
        var manifest = Manifest("sha256", Hex("sha256", "hex", Sent));
        manifest["file_digest_sha256"] = Hex("sha256", "hex", Meant);

        using var answer = await SendCreationAsync(manifest, Sent.Length);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("ERR_INVALID_CHECKSUM: different digests are declared for one upload\n", await answer.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    [Rule("DR22")]
    public async Task DR22_an_empty_and_a_joined_file_are_compared_too_but_not_a_part_with_the_manifest_of_the_whole()
    {
        using var empty = await SendCreationAsync("sha256", Hex("sha256", "hex", Meant), 0);
        var whole = Manifest("sha256", Hex("sha256", "hex", Meant));
        using var created = await SendCreationAsync(whole, Sent.Length, new("Upload-Concat", "partial"));
        var part = created.Headers.Location!.Segments[^1];
        await server.Http.PatchAsync(part, 0, Sent, Stop);

        using var joined = await SendCreationAsync(whole, null, new("Upload-Concat", $"final;/files/{part}"));

        foreach (var answer in new[] { empty, joined })
        {
            Assert.Equal((HttpStatusCode)460, answer.StatusCode);
            var id = answer.Headers.Location!.Segments[^1];
            Assert.Equal("FAILURE", Assert.Single(server.Reports(id, "upload-completed")).GetProperty("content").GetProperty("status").GetString());
            Assert.Empty(server.Events(id));
        }
    }

    private static string Hex(string key, string form, byte[] content) => Convert.ToHexStringLower(Digest(key == "Repr-Digest" ? form : key, content));

    private static byte[] Digest(string algorithm, byte[] content) => algorithm switch
    {
        "crc32c" or "file_digest_crc32c" => [.. BitConverter.GetBytes(Crc32C.Append(0, content)).Reverse()],
        "sha512" or "file_digest_sha512" => SHA512.HashData(content),
        _ => SHA256.HashData(content),
    };

    private static Dictionary<string, string> Manifest(string key, string value)
    {
        var manifest = ServerManifest.For("digest.txt");
        manifest["sender_id"] = "digest sender";
        manifest[key] = value;
        return manifest;
    }

    private async Task<string> CreateAsync(string key, string form, byte[] declared, long length)
    {
        var digest = Digest(key == "Repr-Digest" ? form : key, declared);
        using var answer = key == "Repr-Digest"
            ? await SendCreationAsync(Manifest("k", "v"), length, new(key, $"{form}=:{Convert.ToBase64String(digest)}:"))
            : await SendCreationAsync(key, form switch { "hex" => Convert.ToHexStringLower(digest), "HEX" => Convert.ToHexString(digest), _ => Convert.ToBase64String(digest) }, length);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return answer.Headers.Location!.Segments[^1];
    }

    private Task<HttpResponseMessage> SendCreationAsync(string key, string value, long length) => SendCreationAsync(Manifest(key, value), length);

    private Task<HttpResponseMessage> SendCreationAsync(Dictionary<string, string> manifest, long? length, KeyValuePair<string, string>? header = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/files");
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Metadata", ServerManifest.Encode(manifest));
        if (length is { } bytes)
            request.Headers.Add("Upload-Length", $"{bytes}");
        if (header is { } more)
            request.Headers.Add(more.Key, more.Value);
        return server.Http.SendAsync(request, Stop);
    }

    private async Task<double> CountAsync(string series)
    {
        var line = (await server.Http.GetStringAsync("/metrics", Stop)).Split('\n').FirstOrDefault(line => line.StartsWith(series, StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[series.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
