using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>Clients that speak HTTP/2 from the first byte (docs/adr/0013).</summary>
[Trait("Category", "Clients")]
public abstract class Http2Contract(ServerFixture fixture, SourceFiles sources) : IClassFixture<SourceFiles>
{
    private const int Limit = 120_000;
    private const int Large = 20_000_000;
    private const int Chunk = 3_000_000;
    private const int AtOnce = 8;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Large)]
    public async Task Curl_puts_a_file(int length)
    {
        var metadata = $"Upload-Metadata: {ServerManifest.Encode(ServerManifest.For("by-curl.bin"))}";
        string[] arguments = ["-sS", "--fail-with-body", "--http2-prior-knowledge", "-T", sources.Get(length), "-H", metadata, new Uri(fixture.Server.Address, "/files/").ToString()];

        var answer = JsonNode.Parse(await ProcessRun.SucceedAsync("curl", arguments, TimeSpan.FromSeconds(60), Stop))!;

        await AssertDeliveredAsync(answer["upload_id"]!.GetValue<string>(), await File.ReadAllBytesAsync(sources.Get(length), Stop));
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Uploads_share_a_connection_chunk_by_chunk(bool draft)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = false })
        {
            BaseAddress = fixture.Server.Address,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var contents = Enumerable.Range(0, AtOnce).Select(number => Content.Random(10_000_000 + number, number)).ToArray();

        var ids = await Task.WhenAll(contents.Select(content => UploadAsync(http, content, draft)));

        foreach (var (id, content) in ids.Zip(contents))
            await AssertDeliveredAsync(id, content);
    }

    private static async Task<string> UploadAsync(HttpClient http, byte[] content, bool draft)
    {
        using var creation = NewRequest(HttpMethod.Post, "/files", draft);
        creation.Headers.Add("Upload-Length", Number(content.Length));
        creation.Headers.Add("Upload-Metadata", ServerManifest.Encode(ServerManifest.For("by-http2.bin")));
        if (draft)
            creation.Headers.Add("Upload-Complete", "?0");
        using var created = await http.SendAsync(creation, Stop);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        for (var offset = 0; offset < content.Length; offset += Chunk)
        {
            var length = Math.Min(Chunk, content.Length - offset);
            using var patch = NewRequest(HttpMethod.Patch, created.Headers.Location!.AbsolutePath, draft);
            patch.Headers.Add("Upload-Offset", Number(offset));
            if (draft)
                patch.Headers.Add("Upload-Complete", offset + length == content.Length ? "?1" : "?0");
            patch.Content = new ByteArrayContent(content, offset, length);
            patch.Content.Headers.ContentType = new MediaTypeHeaderValue(draft ? "application/partial-upload" : "application/offset+octet-stream");
            using var answer = await http.SendAsync(patch, Stop);
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode} at {offset}");
        }

        return created.Headers.Location!.Segments[^1];
    }

    private static HttpRequestMessage NewRequest(HttpMethod method, string path, bool draft)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add(draft ? "Upload-Draft-Interop-Version" : "Tus-Resumable", draft ? "6" : "1.0.0");
        return request;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task AssertDeliveredAsync(string id, byte[] content)
    {
        var info = await fixture.Server.WaitForInfoAsync(id, info => info.IsDelivered(fixture.Folder.TargetNames), TimeSpan.FromSeconds(60), Stop);

        Assert.Equal(content.Length, info.Size);
        foreach (var target in fixture.Folder.TargetNames)
            await Content.AssertDeliveredOnceAsync(fixture.Folder, target, id, info, content, Stop);
    }
}
