using System.Collections.Immutable;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Routing;

public sealed class RouteEndpointTests : IAsyncLifetime
{
    private const string Id = RouteFixture.Id;
    private RouteFixture _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await RouteFixture.StartAsync("""
            targets: {edav: {type: file, path: x}, ncird: {type: file, path: y}}
            routing_groups:
              - data_stream_id: dextesting
                data_stream_route: testevent1
                delivery_targets: [{name: edav, path_template: '{{.Year}}/{{.Filename}}_{{.UploadId}}'}]
            """);
        _server.Finished[Id] = Metadata();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("{\"target\":\"edav\"}")]
    [InlineData("{\"target\":\"edav\",\"source\":\"upload\"}")]
    [InlineData("{\"target\":\"edav\",\"source\":\"\"}")]
    [InlineData("{\"target\":\"edav\",\"source\":null}")]
    [InlineData("{\"TARGET\":\"edav\",\"other\":[{}]}")]
    [InlineData("{\"target\":\"x\",\"target\":\"edav\"}")]
    public async Task A_redelivery_is_queued_and_answered_with_the_id(string body)
    {
        var response = await PostAsync(Id, body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Id, await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        var delivery = Assert.Single(await QueuedAsync());
        Assert.Equal(("edav", "edav", $"2020/report_{Id}.csv", Id), (delivery.Target, delivery.TargetKey, delivery.Path, delivery.SourceUrl));
        Assert.Contains($"\"src_url\":\"{Id}\"", Encoding.UTF8.GetString(Assert.Single(_server.Sent).Json.Span), StringComparison.Ordinal);
        Assert.Equal(["edav"], _server.Notified);
    }

    [Fact]
    public async Task An_equal_request_that_waits_already_is_not_queued_again()
    {
        await PostAsync(Id, "{\"target\":\"edav\"}");

        var response = await PostAsync(Id, "{\"target\":\"edav\"}");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(await QueuedAsync());
        Assert.Single(_server.Sent);
    }

    [Fact]
    public async Task The_long_form_of_an_id_means_the_same_upload()
    {
        var response = await PostAsync(Id + "%2Bmultipart.1_~-", "{\"target\":\"edav\"}");

        Assert.Equal(Id, await response.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("HEAD")]
    public async Task Another_method_is_a_bad_request_without_body(string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/route/{Id}");

        var response = await _server.Client.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Stop));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"edav\"")]
    [InlineData("7")]
    [InlineData("target=edav")]
    [InlineData("{\"target\":7}")]
    [InlineData("{\"target\":[\"edav\"]}")]
    [InlineData("{\"source\":{}}")]
    [InlineData("{\"target\":\"edav\"} trailing")]
    [InlineData("{\"target\":\"\\ud800\"}")]
    public async Task A_body_that_is_not_such_an_object_is_a_bad_request(string body)
    {
        var response = await PostAsync(Id, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Stop));
    }

    [Fact]
    public async Task A_body_that_nests_too_deep_is_a_bad_request() =>
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await PostAsync(Id, "{\"target\":\"edav\",\"x\":" + new string('[', 33) + new string(']', 33) + "}")).StatusCode);

    [Fact]
    public async Task A_body_that_is_not_UTF_8_is_a_bad_request()
    {
        var response = await _server.Client.PostAsync($"/route/{Id}", new ByteArrayContent([.. "{\"target\":\""u8, 0xFF, 0xFE, .. "\"}"u8]), Stop);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_of_more_than_64_KiB_is_refused(bool announced)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/route/{Id}") { Content = new StringContent("{\"target\":\"edav\",\"x\":\"" + new string('x', 65_536) + "\"}") };
        request.Headers.TransferEncodingChunked = !announced;

        var response = await _server.Client.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task A_body_of_64_KiB_is_taken()
    {
        var body = "{\"target\":\"edav\"}";

        var response = await PostAsync(Id, body + new string(' ', 65_536 - body.Length));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_compressed_body_is_refused_unread()
    {
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await zip.WriteAsync("{\"target\":\"edav\"}"u8.ToArray(), Stop);
        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentEncoding.Add("gzip");

        var response = await _server.Client.PostAsync($"/route/{Id}", content, Stop);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Empty(await QueuedAsync());
    }

    [Fact]
    public async Task An_unknown_source_is_an_error()
    {
        var response = await PostAsync("no-id-at-all", "{\"target\":\"nobody\",\"source\":\"moon\"}");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("Could not find source", await response.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData("00000000-0000-4000-8000-000000000000")]
    [InlineData("7F1D0F5E-3C1B-4A58-9D0E-5B0C2A9F6E11")]
    [InlineData("7f1d0f5e3c1b4a589d0e5b0c2a9f6e11")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11.info")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11%2B")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11%2B..")]
    [InlineData("..%2F..%2Fx")]
    [InlineData("..%5C..%5Cx")]
    [InlineData("%2e%2e%2fx")]
    [InlineData("*")]
    public async Task An_upload_that_is_not_there_is_not_found(string id)
    {
        var response = await PostAsync(id, "{\"target\":\"nobody\"}");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("source file does not exist", await response.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData("nobody", "Invalid target\n")]
    [InlineData("", "Invalid target\n")]
    [InlineData("EDAV", "Invalid target\n")]
    [InlineData("ncird", "Invalid target for metadata\n")]
    public async Task A_target_must_be_one_of_the_uploads_group(string target, string expected)
    {
        var response = await PostAsync(Id, $$"""{"target":"{{target}}"}""");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(expected, await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("data_stream_id", "unknown")]
    [InlineData("dex_ingest_datetime", "bogus time")]
    [InlineData("received_filename", "../../x")]
    public async Task Metadata_that_lead_nowhere_are_a_bad_request(string key, string value)
    {
        _server.Finished[Id] = Metadata().SetItem(key, value);

        var response = await PostAsync(Id, "{\"target\":\"edav\"}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("Invalid target for metadata\n", await response.Content.ReadAsStringAsync(Stop));
        Assert.Empty(await QueuedAsync());
    }

    [Fact]
    public async Task A_ledger_that_fails_is_an_error_without_detail()
    {
        ((IDisposable)_server.Ledger).Dispose();

        var response = await PostAsync(Id, "{\"target\":\"edav\"}");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("failed to queue redelivery", await response.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData("/route/")]
    [InlineData("/route/7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11/")]
    [InlineData("/route/7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11/x")]
    public async Task Another_path_is_plainly_not_found(string path)
    {
        var response = await _server.Client.PostAsync(path, new StringContent("{\"target\":\"edav\"}"), Stop);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("404 page not found\n", await response.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task Broken_framing_is_the_clients_fault()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _server.Address.Port, Stop);
        await using var stream = socket.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /route/{Id} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), Stop);
        var answer = await new StreamReader(stream).ReadLineAsync(Stop);

        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
    }

    private Task<IReadOnlyList<DeliveryRecord>> QueuedAsync() => _server.Ledger.ListDeliveriesAsync(Id, Stop);

    private Task<HttpResponseMessage> PostAsync(string id, string body) =>
        _server.Client.PostAsync($"/route/{id}", new StringContent(body), Stop);

    private static ImmutableSortedDictionary<string, string> Metadata() => ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal)
        .Add("data_stream_id", "dextesting")
        .Add("data_stream_route", "testevent1")
        .Add("dex_ingest_datetime", "2020-04-11T15:12:30.00000005Z")
        .Add("received_filename", "report.csv");
}
