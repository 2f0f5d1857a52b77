using System.Collections.Frozen;
using System.Diagnostics;
using Dex.Testing;

namespace Dex.Services.Hostile;

/// <summary>HTTP/2 as nobody honest speaks it: only its own connection suffers, and only so long (spec: reliability.md 9 and 10, tus.md BR7).</summary>
[Trait("Category", "Hostile")]
public sealed class HostileHttp2Tests : IAsyncLifetime
{
    private const int Megabyte = 1024 * 1024;

    private static readonly FrozenDictionary<string, string> Environment = new Dictionary<string, string> { ["SERVER_HEADERS_TIMEOUT"] = "1" }.ToFrozenDictionary();

    private readonly ServerFolder _folder = new();
    private ServerProcess _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ServerProcess.StartAsync(_folder, Stop, Environment);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    public static TheoryData<string, byte[]> Bombs => new()
    {
        { "a long value", Literal("x", new string('y', 16_000)) },
        { "many headers", [.. Enumerable.Repeat(Literal("x", "y"), 3_000).SelectMany(bytes => bytes)] },
        { "one header many times by its index", [0x40, 1, (byte)'x', 127, 0x81, 0x1e, .. new byte[3_968].Select(_ => (byte)'y'), .. Enumerable.Repeat((byte)0xbe, 12_000)] },
    };

    [Theory(Timeout = 60_000), MemberData(nameof(Bombs))]
    [Rule("X1")]
    public async Task X1_a_head_that_swells_is_refused_and_costs_nothing(string name, byte[] piece)
    {
        var before = _server.ResidentBytes;
        using var hostile = await RawHttp2Connection.OpenAsync(_server.Port);

        await TrySendAsync(hostile, RawHttp2Connection.Preface, RawHttp2Connection.BeginHead(1, "GET", "/version"));
        for (var sent = 0; sent < 1_000; sent++)
        {
            if (!await TrySendAsync(hostile, RawHttp2Connection.MoreHead(1, piece)))
                break;
        }

        Assert.True(await hostile.IsClosedAsync(), name);
        Assert.InRange(_server.ResidentBytes - before, long.MinValue, 64 * Megabyte);
        await AssertServesAsync();
    }

    [Fact(Timeout = 60_000)]
    [Rule("X1")]
    public async Task X1_a_head_that_goes_on_without_a_byte_is_cut_off_in_time()
    {
        using var hostile = await RawHttp2Connection.OpenAsync(_server.Port);
        await TrySendAsync(hostile, RawHttp2Connection.Preface, RawHttp2Connection.BeginHead(1, "GET", "/version"));
        var watch = Stopwatch.StartNew();

        while (watch.Elapsed < TimeSpan.FromSeconds(20) && await TrySendAsync(hostile, [.. Enumerable.Repeat(RawHttp2Connection.MoreHead(1, []), 100)]))
            await Task.Delay(TimeSpan.FromMilliseconds(10), Stop); // the pace of the attack

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        await AssertServesAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(40)] // all of it, and the beginning of a frame
    public async Task A_client_that_stops_in_its_first_words_is_closed_and_leaves_nothing_behind(int length)
    {
        byte[] words = [.. RawHttp2Connection.Preface, .. RawHttp2Connection.BeginHead(1, "GET", "/version")];
        var (descriptors, memory) = (_server.OpenDescriptors, _server.ResidentBytes);
        var silent = new List<RawHttp2Connection>();
        for (var number = 0; number < 200; number++)
        {
            silent.Add(await RawHttp2Connection.OpenAsync(_server.Port));
            await silent[^1].SendAsync(words[..length]);
        }

        await AssertServesAsync();
        var watch = Stopwatch.StartNew();
        var closed = await Task.WhenAll(silent.Take(length < RawHttp2Connection.Preface.Length ? 200 : 0).Select(connection => connection.IsClosedAsync()));
        Assert.DoesNotContain(false, closed);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(_server.ResidentBytes - memory, long.MinValue, 200 * 100 * 1024);
        silent.ForEach(connection => connection.Dispose());
        await Eventually.TrueAsync(() => _server.OpenDescriptors <= descriptors + 5);
    }

    [Fact(Timeout = 90_000)]
    [Rule("X1", "BR7")]
    public async Task X1_a_flood_of_streams_that_are_reset_at_once_delays_no_other_client()
    {
        var id = await _server.Http.CreateUploadAsync(1_000_000, "flood.bin", Stop);
        var before = _server.ResidentBytes;
        using var hostile = await RawHttp2Connection.OpenAsync(_server.Port);
        await TrySendAsync(hostile, RawHttp2Connection.Preface);
        var flood = Task.Run(
            async () =>
            {
                for (var stream = 1; stream < 100_000 && await TrySendAsync(hostile, Burst(id, stream)); stream += 200)
                {
                    // Until it is closed.
                }
            },
            Stop);

        var content = Content.Random(2_000_000);
        var upload = await _server.Http.UploadAsync(content, "beside.bin", Stop).WaitAsync(TimeSpan.FromSeconds(20), Stop);
        await flood;
        hostile.Dispose();

        var info = await _server.WaitForInfoAsync(upload, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
        await Content.AssertDeliveredOnceAsync(_folder, "edav", upload, info, content, Stop);
        Assert.InRange(_server.ResidentBytes - before, long.MinValue, 200 * Megabyte);
        await Eventually.TrueAsync(async () => await _server.Http.ReadOffsetAsync(id, Stop) >= 0);
    }

    [Fact(Timeout = 60_000)]
    [Rule("BR7")]
    public async Task BR7_answers_that_the_client_takes_no_byte_of_hold_no_upload_of_its_connection_up()
    {
        var id = await _server.Http.CreateUploadAsync(5, "beside.bin", Stop);
        using var stalled = await RawHttp2Connection.OpenAsync(_server.Port);
        await stalled.SendAsync([RawHttp2Connection.PrefaceWithoutWindow, .. Enumerable.Range(0, 50).Select(number => RawHttp2Connection.Head((2 * number) + 1, last: true, "GET", "/metrics"))]);

        await stalled.SendAsync(RawHttp2Connection.PatchHead(201, id, 0), RawHttp2Connection.Body(201, "hello"u8, last: true));
        var frames = await stalled.ReadFramesAsync(frame => frame.IsHead && frame.Stream == 201);

        Assert.Contains(frames, frame => frame.Stream == 201);
        Assert.DoesNotContain(frames, frame => frame.IsBody && frame.Payload.Length > 0);
        await _server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
    }

    [Fact(Timeout = 60_000)]
    [Rule("BR7", "LK2")]
    public async Task BR7_a_stream_whose_upload_another_holds_stops_no_other_stream()
    {
        var (held, free) = (await _server.Http.CreateUploadAsync(1_000_000, "held.bin", Stop), await _server.Http.CreateUploadAsync(5, "free.bin", Stop));
        using var connection = await RawHttp2Connection.OpenAsync(_server.Port);

        // The second waits for the first to let go, and the first gets no byte to let go with but those that are here.
        await connection.SendAsync(
            RawHttp2Connection.Preface,
            RawHttp2Connection.PatchHead(1, held, 0), RawHttp2Connection.Body(1, new byte[16_000]),
            RawHttp2Connection.PatchHead(3, held, 16_000), RawHttp2Connection.Body(3, new byte[16_000]),
            RawHttp2Connection.PatchHead(5, free, 0), RawHttp2Connection.Body(5, "hello"u8, last: true));
        var frames = await connection.ReadFramesAsync(frame => frame.IsHead && frame.Stream == 5);

        Assert.Contains(frames, frame => frame.IsHead && frame.Stream == 5);
        await _server.WaitForInfoAsync(free, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
    }

    private async Task AssertServesAsync()
    {
        using var answer = await _server.Http.GetAsync(new Uri("/version", UriKind.Relative), Stop).WaitAsync(TimeSpan.FromSeconds(10), Stop);
        Assert.True(answer.IsSuccessStatusCode);
    }

    private static byte[][] Burst(string id, int first) =>
        [.. Enumerable.Range(0, 100).Select(number => first + (2 * number)).SelectMany(stream =>
            (byte[][])[RawHttp2Connection.PatchHead(stream, id, 0), RawHttp2Connection.Body(stream, "hello"u8), RawHttp2Connection.Cancel(stream)])];

    // A literal without indexing (RFC 7541, 6.2.2) with a value of any length.
    private static byte[] Literal(string name, string value) =>
        [0, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name), .. Length(value.Length), .. System.Text.Encoding.ASCII.GetBytes(value)];

    // An integer with a prefix of seven bits (RFC 7541, 5.1).
    private static byte[] Length(int value) =>
        value < 127 ? [(byte)value] : value - 127 < 128 ? [127, (byte)(value - 127)] : [127, (byte)(((value - 127) & 127) | 128), (byte)((value - 127) >> 7)];

    private static async Task<bool> TrySendAsync(RawHttp2Connection connection, params byte[][] frames)
    {
        try
        {
            await connection.SendAsync(frames);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false; // the server has cut it off
        }
    }
}
