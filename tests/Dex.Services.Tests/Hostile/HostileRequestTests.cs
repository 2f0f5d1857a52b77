using System.Text;
using Dex.Testing;

namespace Dex.Services.Hostile;

/// <summary>Every hostile request is refused as told, stores nothing, and leaves the server in service.</summary>
[Trait("Category", "Hostile")]
public sealed class HostileRequestTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Position and name: names hold characters that no test runner should have to carry.</summary>
    public static TheoryData<int, string> Requests
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var (index, request) in HostileRequests.All.Index())
                data.Add(index, new string([.. request.Name.Select(c => char.IsBetween(c, ' ', '~') ? c : '?')]));
            return data;
        }
    }

    [Theory(Timeout = 60_000), MemberData(nameof(Requests))]
    [Rule("X1", "X2")]
    public async Task A_hostile_request_is_refused_and_changes_nothing(int index, string name)
    {
        var request = HostileRequests.All[index];
        var victim = await CreateVictimAsync();
        var before = Stored();

        var answer = await SendAsync(request, victim);

        Assert.True(request.Statuses.Contains(answer?.Status ?? HostileRequest.Closed), $"{name} was answered {answer?.Status}: {answer?.Body}");
        if (request.Body is not null)
            Assert.StartsWith(request.Body, answer?.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(answer?.Headers ?? [], header => header.Key.Contains("Evil", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(before, Stored());
        Assert.Equal("abc", await File.ReadAllTextAsync(Path.Combine(fixture.Folder.Uploads, victim), Stop));
        Assert.Equal(3, await fixture.Server.Http.ReadOffsetAsync(victim, Stop));
        using var health = await fixture.Server.Http.GetAsync(new Uri("/health", UriKind.Relative), Stop);
        Assert.True(health.IsSuccessStatusCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_second_request_hidden_in_a_doubly_framed_body_is_never_served()
    {
        using var connection = await RawConnection.OpenAsync(fixture.Server.Port);
        var hidden = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";
        await TrySendAsync(connection, $"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: {5 + hidden.Length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}");

        var first = await connection.ReadAnswerAsync();
        var second = await connection.ReadAnswerAsync();

        Assert.InRange(first?.Status ?? 400, 400, 499);
        Assert.Null(second);
    }

    [Fact(Timeout = 60_000)]
    [Rule("X1")]
    public async Task Heads_that_are_cut_anywhere_do_no_harm()
    {
        var victim = await CreateVictimAsync();
        var whole = Fill(HostileRequest.Patch([]), victim);
        for (var length = 1; length < whole.Length; length += 7)
        {
            using var connection = await RawConnection.OpenAsync(fixture.Server.Port);
            await connection.SendAsync(whole[..Math.Min(length, whole.IndexOf("\r\n\r\n", StringComparison.Ordinal))]);
            connection.Reset();
        }

        Assert.Equal(3, await fixture.Server.Http.ReadOffsetAsync(victim, Stop));
    }

    /// <summary>An unfinished upload, at offset 3 of 10, that nobody may change.</summary>
    private async Task<string> CreateVictimAsync()
    {
        var id = await fixture.Http.CreateUploadAsync(10, "victim.bin", Stop);
        await fixture.Http.PatchAsync(id, 0, "abc"u8.ToArray(), Stop);
        return id;
    }

    private string[] Stored() =>
    [
        .. Content.List(fixture.Folder.Uploads),
        .. fixture.Folder.TargetNames.SelectMany(name => Content.List(fixture.Folder.Target(name))),
        .. Directory.EnumerateFileSystemEntries(fixture.Folder.Root).Order(StringComparer.Ordinal),
    ];

    private async Task<RawAnswer?> SendAsync(HostileRequest request, string victim)
    {
        using var connection = await RawConnection.OpenAsync(fixture.Server.Port);
        await TrySendAsync(connection, Fill(request.Text, victim));
        try
        {
            return await connection.ReadAnswerAsync(request.IsHead);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The server may have answered and closed before all was sent; the answer is still to be read.</summary>
    private static async Task TrySendAsync(RawConnection connection, string text)
    {
        try
        {
            await connection.SendAsync(Encoding.Latin1.GetBytes(text));
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Seen by what is read.
        }
    }

    private static string Fill(string text, string victim) => text
        .Replace("{id}", victim, StringComparison.Ordinal)
        .Replace("{ID}", victim.ToUpperInvariant(), StringComparison.Ordinal);
}
