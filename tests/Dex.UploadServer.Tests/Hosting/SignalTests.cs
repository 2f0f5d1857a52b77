using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Dex.UploadServer.Tests.Hosting;

/// <summary>Against a real process, since signals are the process's.</summary>
public sealed class SignalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Process _server;
    private readonly int _port = FreePort();

    public SignalTests()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location])
        {
            WorkingDirectory = _folder.FullPath,
            RedirectStandardOutput = true,
        };
        start.Environment["SERVER_PORT"] = $"{_port}";
        start.Environment["UI_PORT"] = "";
        start.Environment["SERVER_SHUTDOWN_TIMEOUT"] = "4";
        _server = Process.Start(start)!;
        _server.OutputDataReceived += (_, _) => { };
        _server.BeginOutputReadLine();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task An_idle_server_stops_at_once_with_code_0(string signal)
    {
        using var idle = await ConnectAsync();
        var watch = Stopwatch.StartNew();

        await SignalAsync(signal);
        await WaitForExitAsync();

        Assert.Equal(0, _server.ExitCode);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1.9)); // half of the limit would be a wait in vain
    }

    [Theory]
    [InlineData("GET / HT")]
    [InlineData("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc")]
    public async Task Clients_that_never_send_another_byte_do_not_keep_it(string beginning)
    {
        using var client = await ConnectAsync();
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(beginning), Stop);

        await SignalAsync("TERM");
        await WaitForExitAsync();

        Assert.Equal(0, _server.ExitCode);
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once()
    {
        using var client = await ConnectAsync();
        await client.GetStream().WriteAsync("GET / HT"u8.ToArray(), Stop);
        await Task.WhenAny(client.GetStream().ReadAsync(new byte[1], Stop).AsTask(), SignalAsync("TERM"));

        // Equal signals that arrive together are one, so it is repeated until it was heard twice.
        while (!_server.HasExited)
            await SignalAsync("TERM");
        await WaitForExitAsync();

        Assert.Equal(128 + 15, _server.ExitCode);
    }

    public void Dispose()
    {
        if (!_server.HasExited)
            _server.Kill();
        _server.WaitForExit();
        _server.Dispose();
        _folder.Dispose();
    }

    private async Task<TcpClient> ConnectAsync()
    {
        for (var tries = 0; ; tries++)
        {
            var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, _port, Stop);
                return client;
            }
            catch (SocketException) when (tries < 300 && !_server.HasExited)
            {
                client.Dispose();
                await Task.Delay(50, Stop);
            }
        }
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", $"{_server.Id}"]) { RedirectStandardError = true })!;
        await kill.WaitForExitAsync(Stop);
    }

    private Task WaitForExitAsync() => _server.WaitForExitAsync(Stop).WaitAsync(TimeSpan.FromSeconds(8), Stop);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
