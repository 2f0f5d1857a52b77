using System.Collections.Frozen;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Dex.Testing;

namespace Dex.Services.Load;

/// <summary>Five thousand open connections, idle and trickling, beside a sender like any other (spec: reliability.md 9, tus.md BR5, BR7).</summary>
[Trait("Category", "Load")]
public sealed class ManyConnectionsTests : IAsyncLifetime
{
    private const int Each = 2_500;
    private const int WarmingUp = 250;

    // Twice as long as memory that a burst has left behind is kept for the next one.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(40);

    // The goals are 12 and 24 KiB after a full collection, in a release build. Nobody can order one from outside: of a trickling
    // sender's memory the collector leaves up to as much again as garbage, and more on a busy machine.
    private const int IdleBytes = 12 * 1024;
    private const int TricklingBytes = 36 * 1024;

    // The collector works often and at once, so that resident memory shows what is held.
    private static readonly FrozenDictionary<string, string> Environment = new Dictionary<string, string>
    {
        ["DOTNET_GCgen0size"] = "0x400000",
        ["DOTNET_gcConcurrent"] = "0",
        ["SERVER_KEEP_ALIVE_TIMEOUT"] = "120",
        ["UPLOAD_DURABILITY"] = "none",
    }.ToFrozenDictionary();

    private readonly ServerFolder _folder = new();
    private readonly List<Socket> _idle = [];
    private readonly List<Socket> _trickling = [];
    private readonly List<string> _uploads = [];
    private ServerProcess _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ServerProcess.StartAsync(_folder, Stop, Environment);

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _idle.Concat(_trickling))
            socket.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact(Timeout = 400_000)]
    public async Task A_normal_upload_beside_five_thousand_connections_is_served_and_nobody_honest_is_cut_off()
    {
        await CreateUploadsAsync();
        await WarmUpAsync();
        var atFirst = await SettledAsync();

        await OpenIdleAsync();
        var withIdle = await SettledAsync(atMost: atFirst + ((long)Each * IdleBytes));
        await OpenTricklingAsync();
        var sent = await TrickleAsync(rounds: 3);
        var withTrickling = await SettledAsync(atMost: withIdle + ((long)Each * TricklingBytes));
        Assert.DoesNotContain(_idle, IsClosed); // or they would have made room

        var content = Content.Random(30_000_000);
        var upload = _server.Http.UploadAsync(content, "beside.bin", Stop);
        while (!upload.IsCompleted)
            sent += await TrickleAsync(rounds: 1);
        var info = await _server.WaitForInfoAsync(await upload, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(60), Stop);

        await Content.AssertDeliveredOnceAsync(_folder, "edav", await upload, info, content, Stop);
        Assert.InRange((withIdle - atFirst) / Each, long.MinValue, IdleBytes);
        Assert.InRange((withTrickling - withIdle) / Each, long.MinValue, TricklingBytes);
        await Eventually.TrueAsync(async () =>
        {
            sent += await TrickleAsync(rounds: 1);
            return _idle.All(IsClosed);
        }, within: TimeSpan.FromSeconds(180));
        Assert.DoesNotContain(_trickling, IsClosed);
        foreach (var id in _uploads.Take(20))
            Assert.Equal(sent, await _server.Http.ReadOffsetAsync(id, Stop));
    }

    private async Task CreateUploadsAsync()
    {
        using var http = _server.NewClient();
        var inParallel = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Stop };
        await Parallel.ForAsync(0, Each + WarmingUp, inParallel, async (number, stop) =>
        {
            var id = await http.CreateUploadAsync(1_000_000, $"trickle-{number}.bin", stop);
            lock (_uploads)
                _uploads.Add(id);
        });
    }

    /// <summary>What the process needs once for all connections – compiled code above all – is no connection's.</summary>
    private async Task WarmUpAsync()
    {
        foreach (var id in _uploads.TakeLast(WarmingUp))
        {
            using var cut = await RawConnection.OpenAsync(_server.Port);
            await cut.SendAsync(RawRequests.PatchHead(id, 0, 1_000_000) + "1");
            await Eventually.TrueAsync(async () => await _server.Http.ReadOffsetAsync(id, Stop) == 1);
        }
    }

    private async Task OpenIdleAsync()
    {
        var request = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray();
        var answer = new byte[4096];
        for (var number = 0; number < Each; number++)
        {
            var socket = await ConnectAsync();
            _idle.Add(socket);
            await socket.SendAsync(request);
            Assert.True(await socket.ReceiveAsync(answer) > 0);
        }
    }

    private async Task OpenTricklingAsync()
    {
        foreach (var id in _uploads.Take(Each))
        {
            var socket = await ConnectAsync();
            _trickling.Add(socket);
            await socket.SendAsync(Encoding.ASCII.GetBytes(RawRequests.PatchHead(id, 0, 1_000_000)));
        }
    }

    /// <summary>One byte on each connection, once a second, in no hurry.</summary>
    /// <returns>Bytes sent on each.</returns>
    private async Task<int> TrickleAsync(int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var some in _trickling.Chunk(Each / 25))
            {
                foreach (var socket in some)
                    await socket.SendAsync(RandomNumberGenerator.GetBytes(1));
                await Task.Delay(TimeSpan.FromMilliseconds(40), Stop); // the rate is what is tested
            }
        }

        return rounds;
    }

    /// <summary>The least resident memory seen until it is no more than that, or the time is over; small requests in between let the collector work.</summary>
    private async Task<long> SettledAsync(long atMost = 0)
    {
        var least = long.MaxValue;
        for (var watch = Stopwatch.StartNew(); least > atMost && watch.Elapsed < Settling;)
        {
            for (var request = 0; request < 50; request++)
                (await _server.Http.GetAsync(new Uri("/health", UriKind.Relative), Stop)).Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(250), Stop); // blocks that nobody needs are given up by the clock
            least = Math.Min(least, _server.ResidentBytes);
        }

        return least;
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _server.Port), Stop);
        return socket;
    }

    // Nothing is sent to these clients any more, so what can be read is the end.
    private static bool IsClosed(Socket socket) => socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
}
