using System.Net;
using System.Net.Sockets;
using System.Text;
using Dex.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class RunningServerTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;
    private readonly RecordedLog _log = new();
    private readonly TaskCompletionSource _entered = new();
    private readonly TaskCompletionSource _release = new();

    public RunningServerTests()
    {
        _app = Program.Build([], Variables.In(_folder, "UI_PORT=", "SERVER_PROTOCOL=ftp"), builder => builder.Logging.AddProvider(_log));
        _app.MapGet("/wait", async () =>
        {
            _entered.SetResult();
            await _release.Task;
            return "done";
        });
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Uri Address => new($"http://127.0.0.1:{new Uri(_app.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port}");

    public async ValueTask InitializeAsync() => await _app.StartAsync(Stop);

    public async ValueTask DisposeAsync()
    {
        _release.TrySetResult();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PATCH")]
    [InlineData("BREW")]
    public async Task An_unknown_path_is_not_found_in_plain_text(string method)
    {
        var answer = await ExchangeAsync($"{method} /nothing/here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", answer);
        Assert.EndsWith("\r\n\r\n404 page not found\n", answer);
        Assert.Contains("Content-Type: text/plain; charset=utf-8\r\n", answer);
        Assert.Contains("X-Content-Type-Options: nosniff\r\n", answer);
        Assert.DoesNotContain("Server:", answer);
    }

    [Theory]
    [InlineData("/Health")]
    [InlineData("/health/")]
    [InlineData("/VERSION")]
    [InlineData("/metrics/")]
    [InlineData("/info")]
    [InlineData("/route/")]
    public async Task A_path_is_known_in_its_own_spelling_only(string path)
    {
        var answer = await ExchangeAsync($"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", answer);
        Assert.EndsWith("\r\n\r\n404 page not found\n", answer);
    }

    [Fact]
    public async Task An_unknown_path_has_no_body_on_head()
    {
        var answer = await ExchangeAsync("HEAD /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", answer);
        Assert.EndsWith("\r\n\r\n", answer);
    }

    [Theory]
    [InlineData("//evil.com?a=b", "/evil.com?a=b")]
    [InlineData("/x/../files", "/files")]
    [InlineData("//\\evil.com", "/%5Cevil.com")]
    [InlineData("//a\u0001b", "/a%01b")]
    public async Task A_dirty_path_is_sent_to_the_clean_one(string target, string location)
    {
        var answer = await ExchangeAsync($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 301 ", answer);
        Assert.Contains($"\r\nLocation: {location}\r\n", answer);
    }

    [Theory]
    [InlineData("GET /{0} HTTP/1.1\r\nHost: x\r\n\r\n", 8 * 1024, "414")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nA: {0}\r\n\r\n", 129 * 1024, "431")]
    [Rule("H6")]
    public async Task A_head_beyond_the_limits_is_refused(string format, int length, string status)
    {
        var answer = await ExchangeAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, format, new string('a', length)));

        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
    }

    [Fact]
    [Rule("H6", "X1")]
    public async Task More_headers_than_allowed_are_refused_and_as_many_as_allowed_are_not()
    {
        var many = await ExchangeAsync($"GET / HTTP/1.1\r\nHost: x\r\n{string.Concat(Enumerable.Repeat("A: b\r\n", 200))}\r\n");
        var enough = await ExchangeAsync($"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nB: {new string('b', 100_000)}\r\n{string.Concat(Enumerable.Repeat("A: b\r\n", 197))}\r\n");

        Assert.StartsWith("HTTP/1.1 431 ", many);
        Assert.DoesNotContain(" 431 ", enough);
    }

    [Fact]
    public async Task A_stopping_server_lets_a_request_end_and_refuses_the_next_one_on_its_connection()
    {
        using var client = await ConnectAsync();
        await client.GetStream().WriteAsync("GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /wait HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
        await _entered.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);

        _app.Lifetime.StopApplication();
        _release.SetResult();
        var answer = await ReadToEndAsync(client);

        Assert.StartsWith("HTTP/1.1 200 ", answer);
        Assert.Contains("HTTP/1.1 503 ", answer);
        Assert.Contains("Connection: close\r\n", answer);
        Assert.Contains("Retry-After: 1\r\n", answer);
        Assert.Contains("Tus-Resumable: 1.0.0\r\n", answer);
        Assert.EndsWith("\r\n\r\nERR_SERVER_SHUTDOWN: request has been interrupted because the server is shutting down\n", answer);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("BR3")]
    public async Task BR3_a_client_that_leaves_a_refused_body_is_no_fault_of_ours(bool resets)
    {
        const string refused =
            "PATCH /files/00000000-0000-4000-8000-000000000000 HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 9\r\n\r\nhello";
        for (var i = 0; i < 20; i++)
        {
            using var client = await RawConnection.OpenAsync(Address.Port);
            await client.SendAsync(refused);
            Assert.Equal(404, (await client.ReadAnswerAsync())!.Status);
            if (resets)
                client.Reset();
            else
                client.EndSending();
        }

        await _app.StopAsync(Stop); // waits for the connections

        Assert.DoesNotContain(_log.Messages, message => message.Contains("draining", StringComparison.Ordinal));
    }

    [Fact]
    public void The_start_is_told_in_the_words_and_order_operators_know()
    {
        string[] expected = ["starting app", "hosting tus handler /files/", "registering destinations", "http handlers ready", $"started http server with tusd and dex handlers {Address.Port}"];

        var told = _log.Messages.Select(message => expected.FirstOrDefault(text => message.StartsWith(text, StringComparison.Ordinal))).OfType<string>();

        Assert.Equal(expected, told);
    }

    [Fact]
    public void A_value_that_is_not_used_is_told_as_a_warning()
    {
        Assert.Contains(_log.Messages, message => message.StartsWith("configuration SERVER_PROTOCOL is neither http nor https", StringComparison.Ordinal));
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Address.Port, Stop);
        return client;
    }

    private async Task<string> ExchangeAsync(string request)
    {
        using var client = await ConnectAsync();
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Stop);
        return await ReadToEndAsync(client);
    }

    private static async Task<string> ReadToEndAsync(TcpClient client)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        using var received = new MemoryStream();
        try
        {
            await client.GetStream().CopyToAsync(received, limit.Token);
        }
        catch (IOException)
        {
            // A refused head is followed by a reset, since the rest of it was not read.
        }

        return Encoding.Latin1.GetString(received.ToArray());
    }
}
