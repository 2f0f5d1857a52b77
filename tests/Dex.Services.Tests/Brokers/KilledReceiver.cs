using Dex.Testing;

namespace Dex.Services.Brokers;

/// <summary>Servers that are killed as soon as they have a message in their hands, whatever broker gave it.</summary>
internal static class KilledReceiver
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] s_bytes = Content.Random(100_000);

    /// <summary>Uploads and kills, again and again; afterwards each file is once at each target, <c>edav</c> and <c>copy</c>.</summary>
    public static async Task AssertDeliversOnceAsync(
        ServerFolder folder, IReadOnlyDictionary<string, string> variables, int kills, Func<Task> waitUntilEmpty, CancellationToken cancellationToken)
    {
        List<string> ids = [];
        var server = await ServerProcess.StartAsync(folder, cancellationToken, variables);
        try
        {
            for (var kill = 0; kill < kills; kill++)
            {
                var heard = server.Output.Count;
                ids.Add(await server.Http.UploadAsync(s_bytes, "a.txt", cancellationToken));
                await Eventually.TrueAsync(() => server.Output.Skip(heard).Any(line => line.Contains("received event", StringComparison.Ordinal)));
                await server.KillAsync(cancellationToken);
                await server.DisposeAsync();
                server = await ServerProcess.StartAsync(folder, cancellationToken, variables);
            }

            await waitUntilEmpty();
            foreach (var id in ids)
                await AssertDeliveredOnceAsync(server, id, cancellationToken);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static async Task AssertDeliveredOnceAsync(ServerProcess server, string id, CancellationToken cancellationToken)
    {
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), s_patience, cancellationToken);

        Assert.Empty(info.Failed("edav"));
        Assert.Single(info.Succeeded("edav").Select(delivery => delivery.Location).Distinct());
        Assert.InRange(info.Deliveries.Count, 2, 4); // after a kill there may be one more for the same place
        Assert.Single(Directory.EnumerateFiles(server.Folder.Target("edav"), $"*{id}*", SearchOption.AllDirectories));
    }
}
