using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Dex.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Testing;

/// <summary>A test is worth what its faults are worth: the proxy breaks what it says, and nothing else.</summary>
public sealed partial class FaultProxyTests : IAsyncLifetime
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes(300_000);

    private readonly WebApplication _server;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private FaultProxy _proxy = null!;
    private int _carriedOut;

    public FaultProxyTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Map("/echo", async (HttpContext context) =>
        {
            Interlocked.Increment(ref _carriedOut);
            context.Response.Headers["X-Host"] = context.Request.Host.Value;
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            if (!context.Request.Query.ContainsKey("chunked"))
                context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body.ToArray());
        });
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.StartAsync();
        _proxy = FaultProxy.Start(new Uri(_server.Urls.First()));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/echo", false)]
    [InlineData("/echo?chunked", false)]
    [InlineData("/echo", true)]
    [InlineData("/echo?chunked", true)]
    public async Task Without_rules_everything_comes_through_unchanged(string target, bool chunkedRequest)
    {
        for (var round = 0; round < 3; round++)
        {
            using var response = await PutAsync(target, chunkedRequest);

            Assert.Equal(s_content, await response.Content.ReadAsByteArrayAsync(Stop));
            Assert.Equal(_proxy.Address.Authority, response.Headers.GetValues("X-Host").Single());
        }

        Assert.Equal(3, _proxy.Count("PUT", Echo()));
    }

    [Fact]
    public async Task A_client_that_waits_for_a_continue_gets_it()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_proxy.Address, "/echo")) { Content = new ByteArrayContent(s_content) };
        request.Headers.ExpectContinue = true;

        using var response = await _client.SendAsync(request, Stop);

        Assert.Equal(s_content, await response.Content.ReadAsByteArrayAsync(Stop));
    }

    [Theory]
    [InlineData(FaultKind.ResetBeforeRequest, 0)]
    [InlineData(FaultKind.ResetAfterRequest, 1)]
    public async Task A_reset_connection_has_no_answer(FaultKind kind, int carriedOut)
    {
        _proxy.Add(new FaultRule(kind));

        await Assert.ThrowsAnyAsync<HttpRequestException>(async () => await PutAsync("/echo"));

        Assert.Equal(carriedOut, _carriedOut);
    }

    [Fact]
    public async Task A_request_reset_half_way_does_not_arrive_whole()
    {
        _proxy.Add(new FaultRule(FaultKind.ResetInRequest) { AfterBytes = 100_000 });

        await Assert.ThrowsAnyAsync<HttpRequestException>(async () => await PutAsync("/echo"));
    }

    [Theory]
    [InlineData(FaultKind.ResetInAnswer)]
    [InlineData(FaultKind.TruncateAnswer)]
    public async Task A_cut_answer_says_its_whole_length_and_has_less(FaultKind kind)
    {
        _proxy.Add(new FaultRule(kind) { AfterBytes = 100_000 });
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_proxy.Address, "/echo")) { Content = new ByteArrayContent(s_content) };

        // Of a reset the client may notice before it has read the head.
        var error = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
            Assert.Equal(s_content.Length, response.Content.Headers.ContentLength);
            await response.Content.ReadAsByteArrayAsync(Stop);
        });

        Assert.True(error is IOException or HttpRequestException, error.ToString());
    }

    [Theory]
    [InlineData(FaultKind.Answer, 0)]
    [InlineData(FaultKind.AnswerAfterRequest, 1)]
    public async Task A_canned_answer_takes_the_place_of_the_true_one(FaultKind kind, int carriedOut)
    {
        _proxy.Add(new FaultRule(kind) { CannedAnswer = CannedAnswer.SlowDown with { Headers = ["Retry-After: 7"] }, Times = 1 });

        using var response = await PutAsync("/echo");
        using var next = await PutAsync("/echo");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter?.Delta);
        Assert.Contains("<Code>SlowDown</Code>", await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(carriedOut + 1, _carriedOut);
    }

    [Fact]
    public async Task Only_the_requests_of_a_rule_meet_it()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", Path = Echo(), QueryKey = "partNumber", NoQueryKey = "copy", Skip = 1, Times = 2 });

        var answers = new List<HttpStatusCode>();
        foreach (var target in new[] { "/echo", "/echo?partNumber=1", "/echo?partNumber=2&copy", "/echo?partNumber=2", "/echo?x=partNumber", "/echo?a=b&partNumber=3", "/echo?partNumber=4" })
        {
            using var response = await PutAsync(target);
            answers.Add(response.StatusCode);
        }

        const HttpStatusCode Ok = HttpStatusCode.OK, Fault = HttpStatusCode.InternalServerError;
        Assert.Equal([Ok, Ok, Ok, Fault, Ok, Fault, Ok], answers);
        Assert.Equal(5, _proxy.Count(queryKey: "partNumber"));
    }

    [Fact]
    public async Task A_delay_comes_before_the_request_and_a_slow_line_after_it()
    {
        _proxy.Add(new FaultRule { Delay = TimeSpan.FromMilliseconds(200) }).Add(new FaultRule { BytesPerSecond = 2_000_000 });
        var began = TimeProvider.System.GetTimestamp();

        using var response = await PutAsync("/echo");
        await response.Content.ReadAsByteArrayAsync(Stop);

        // 0.2 s, and 0.15 s for each direction.
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromMilliseconds(450));
    }

    [Fact]
    public async Task A_hanging_request_ends_when_its_client_leaves()
    {
        _proxy.Add(new FaultRule(FaultKind.Hang));
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _client.GetAsync(new Uri(_proxy.Address, "/echo"), patience.Token));
        _proxy.Heal();
        using var response = await PutAsync("/echo");

        Assert.Equal(1, _carriedOut);
    }

    private Task<HttpResponseMessage> PutAsync(string target, bool chunked = false)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_proxy.Address, target)) { Content = new ByteArrayContent(s_content) };
        request.Headers.TransferEncodingChunked = chunked;
        return _client.SendAsync(request, Stop);
    }

    [GeneratedRegex("^/echo$")]
    private static partial Regex Echo();
}
