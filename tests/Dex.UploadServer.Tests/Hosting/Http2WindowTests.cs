using Dex.Testing;
using Dex.UploadServer.Tests.Uploads;

namespace Dex.UploadServer.Tests.Hosting;

/// <summary>What one HTTP/2 connection can make the server keep while nobody reads its bodies (spec: tus.md BR7).</summary>
public sealed class Http2WindowTests(UploadServerFixture server) : IClassFixture<UploadServerFixture>
{
    private const int Stream = 4 * 1024 * 1024;
    private const int Frame = 16 * 1024;
    private const int FlowControlError = 3;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, Stream)]
    [InlineData(2, Stream)]
    [InlineData(64, Stream / 32)]
    [Rule("BR7")]
    public async Task BR7_a_connection_may_send_ahead_as_much_as_its_windows_say_and_no_byte_more(int streams, int bytesOnEach)
    {
        var id = await server.Http.CreateUploadAsync(1_000_000_000, "windows.bin", Stop);
        await using var held = await server.HoldAsync(id); // so that the bodies wait
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);
        await connection.SendAsync(RawHttp2Connection.Preface);
        await connection.ReadFramesAsync(frame => frame.IsWindowUpdate);

        var numbers = Enumerable.Range(0, streams).Select(number => (2 * number) + 1).ToArray();
        await connection.SendAsync([.. numbers.Select(stream => RawHttp2Connection.PatchHead(stream, id, 0))]);
        foreach (var stream in numbers)
            await connection.SendAsync([.. Body(stream, bytesOnEach)]);
        await connection.SendAsync(RawHttp2Connection.Ping);
        var accepted = await connection.ReadFramesAsync(frame => frame.IsPing);
        await connection.SendAsync(RawHttp2Connection.Body(1, "x"u8));
        var refused = await connection.ReadFramesAsync(frame => frame.IsGoAway || frame.IsReset);

        Assert.True(accepted[^1].IsPing);
        Assert.DoesNotContain(accepted, frame => frame.IsReset || frame.IsGoAway);
        Assert.Equal(FlowControlError, refused[^1].Payload[refused[^1].IsGoAway ? 7 : 3]);
    }

    private static IEnumerable<byte[]> Body(int stream, int length)
    {
        for (; length > 0; length -= Frame)
            yield return RawHttp2Connection.Body(stream, new byte[Math.Min(length, Frame)]);
    }
}
