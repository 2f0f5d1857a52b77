using Dex.Testing;

namespace Dex.Services.Brokers;

/// <summary>The whole server with reports over SNS and events over SNS and SQS (spec: reports-and-events.md 6 and 7.2).</summary>
[Trait("Category", "Brokers")]
public sealed class EventsOverSqsTests(BrokerService broker) : IClassFixture<BrokerService>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] Bytes = Content.Random(100_000);

    private readonly ServerFolder _folder = new("edav", "copy");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task A_file_is_delivered_once_to_each_target_by_way_of_the_queue()
    {
        var name = BrokerService.NewName("events");
        await using var server = await ServerProcess.StartAsync(_folder, Stop, broker.Variables(name));
        var ear = await broker.ListenAsync(BrokerService.Topic(name), Stop);

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);

        Assert.Equal(2, info.Deliveries.Count);
        Assert.Equal(["copy", "edav"], info.Deliveries.Select(delivery => delivery.Name).Order());
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(_folder.At(info.Succeeded("edav").Single().Location), Stop));
        var events = await broker.TakeAllAsync(ear, Stop);
        Assert.Equal(2, events.Count);
        Assert.All(events, text => Assert.StartsWith($$"""{"id":"","type":"FileReady","retry_count":0,"upload_id":"{{id}}","src_url":"","path":""", text, StringComparison.Ordinal));
        Assert.All(events, text => Assert.EndsWith("}\n", text, StringComparison.Ordinal));
        await Eventually.TrueAsync(async () => await broker.CountAsync(await broker.FindQueueAsync(name, Stop), Stop) == (0, 0));
        Assert.False(File.Exists(Path.Combine(_folder.Events, $"{id}_FileReady")));
    }

    [Fact(Timeout = 120_000)]
    public async Task Reports_arrive_as_they_are_in_their_files()
    {
        var topic = BrokerService.Topic(BrokerService.NewName("reports"));
        var ear = await broker.ListenAsync(topic, Stop);
        var variables = broker.Variables();
        variables["SNS_REPORTER_EVENT_ARN"] = topic;
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        List<string> published = [];
        await Eventually.TrueAsync(async () =>
        {
            published.AddRange(await broker.TakeAllAsync(ear, Stop));
            return published.Count >= WrittenLines(id).Count;
        }, Patience);

        Assert.Equal(WrittenLines(id).Order(StringComparer.Ordinal), published.Order(StringComparer.Ordinal));
    }

    private List<string> WrittenLines(string id) =>
        [.. Directory.EnumerateFiles(_folder.Reports, $"{id}_*").SelectMany(File.ReadLines).Select(line => line + "\n")];
}
