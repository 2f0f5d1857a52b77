using Dex.Testing;
using static Dex.Tus.Tests.DraftRequests;

namespace Dex.Tus.Tests.Protocol;

/// <summary>A body that was cut is kept and is never taken for a whole one (spec: tus.md BR2, P10, HD5, DR9, DR10).</summary>
public sealed class CutBodyTests(TusServer server) : IClassFixture<TusServer>
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    public static TheoryData<string> Endings => new()
    {
        TusServer.Compose("PATCH", "{0}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 9"),
        TusServer.Compose("PATCH", "{0}", "5\r\nhello\r\n", OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked"),
        TusServer.Compose("PATCH", "{0}", "9\r\nhello", OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked"),
        TusServer.Compose("PATCH", "{0}", "5\r\nhello\r\n0\r\n", OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked"),
        TusServer.Compose("PATCH", "{0}", "5\r\nhello\r\n", OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked", "Upload-Draft-Interop-Version: 5", "Upload-Complete: ?1"),
        Draft(3, "PATCH", "{0}", "5\r\nhello\r\n", "Upload-Offset: 0", "Upload-Incomplete: ?0", "Transfer-Encoding: chunked"),
        Draft(6, "PATCH", "{0}", "hello", Partial, "Upload-Offset: 0", "Upload-Complete: ?1", "Content-Length: 9"),
        Draft(8, "PATCH", "{0}", "9\r\nhello", Partial, "Upload-Offset: 0", "Upload-Complete: ?1", "Transfer-Encoding: chunked"),
    };

    [Theory, MemberData(nameof(Endings))]
    [Rule("BR2", "P10", "DR10")]
    public async Task A_cut_body_never_completes_an_upload(string request)
    {
        var id = await server.CreateAsync(null);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(request.Replace("{0}", $"/files/{id}", StringComparison.Ordinal));
        connection.EndSending();
        var answer = await connection.ReadFinalAnswerAsync();

        Assert.InRange(answer!.Status, 400, 599);
        Assert.Equal("5", await server.OffsetAsync(id));
        Assert.Equal(0, server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("DR9")]
    public async Task A_last_piece_in_chunks_that_ends_short_of_the_length_completes_nothing()
    {
        var id = await server.CreateAsync(10);

        var answer = await server.RequestAsync(Draft(8, "PATCH", $"/files/{id}", "5\r\nhello\r\n0\r\n\r\n", Partial, "Upload-Offset: 0", "Upload-Complete: ?1", "Transfer-Encoding: chunked"));
        var head = await server.RequestAsync(Draft(8, "HEAD", $"/files/{id}", ""));

        Assert.NotEqual("?1", answer.Header("Upload-Complete"));
        Assert.Equal(("5", "10", "?0"), (head.Header("Upload-Offset"), head.Header("Upload-Length"), head.Header("Upload-Complete")));
        Assert.Equal(0, server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("HD5", "BR1", "P10")]
    public async Task Offsets_only_grow_and_the_one_told_is_taken()
    {
        var id = await server.CreateAsync(1000);
        var before = 0L;

        for (var round = 0; round < 20; round++)
        {
            using var connection = await RawConnection.OpenAsync(server.Port);
            await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "x", OffsetStream, $"Upload-Offset: {before}", "Content-Length: 500"));
            await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length > before); // or it could come to life after the question
            await connection.SendAsync(new string((char)('a' + round), round));
            if (round % 2 == 0)
                connection.Reset();
            else
                connection.EndSending();

            var told = long.Parse((await server.OffsetAsync(id))!, System.Globalization.CultureInfo.InvariantCulture);
            var again = await server.PatchAsync(id, told, "");
            Assert.InRange(told, before, before + 1 + round);
            Assert.Equal((204, $"{told}"), (again.Status, again.Header("Upload-Offset")));
            before = told;
        }
    }

    [Fact]
    [Rule("BR5")]
    public async Task A_client_that_pauses_for_less_than_the_time_out_is_never_cut_off()
    {
        var clock = new ManualClock();
        await using var patient = new TusServer(_ => { }, clock: clock);
        await patient.InitializeAsync();
        var id = await patient.CreateAsync(10);
        using var trickling = await RawConnection.OpenAsync(patient.Port);

        await trickling.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "", OffsetStream, "Upload-Offset: 0", "Content-Length: 10"));
        for (var sent = 1; sent <= 10; sent++)
        {
            await trickling.SendAsync("x");
            await Eventually.TrueAsync(() => patient.Store.BytesOf(id).Length == sent);
            clock.Advance(TimeSpan.FromSeconds(59));
        }

        Assert.Equal(204, (await trickling.ReadAnswerAsync())!.Status);
    }

    [Fact]
    [Rule("BR3")]
    public async Task When_twenty_clients_break_off_at_once_HEAD_is_answered()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => server.CreateAsync(100)));
        var connections = await Task.WhenAll(ids.Select(async id =>
        {
            var connection = await RawConnection.OpenAsync(server.Port);
            await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
            return connection;
        }));
        await Eventually.TrueAsync(() => ids.All(id => server.Store.BytesOf(id).Length == 5));

        foreach (var connection in connections)
            connection.Reset();
        var offsets = await Task.WhenAll(ids.Select(server.OffsetAsync));

        Assert.All(offsets, offset => Assert.Equal("5", offset));
    }
}
