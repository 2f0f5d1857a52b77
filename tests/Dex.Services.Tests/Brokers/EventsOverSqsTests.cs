using System.Net;
using System.Text.Json;
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

    [Fact(Timeout = 120_000)]
    public async Task A_redelivery_that_was_asked_for_travels_the_same_way_and_is_made_once()
    {
        var name = BrokerService.NewName("events");
        await using var server = await ServerProcess.StartAsync(_folder, Stop, broker.Variables(name));
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);

        using var answer = await server.Http.PostAsync(new Uri($"/route/{id}", UriKind.Relative), new StringContent("""{"target":"edav"}"""), Stop);
        var info = await server.WaitForInfoAsync(id, info => info.Succeeded("edav").Count() > 1, Patience, Stop);
        await WaitUntilEmptyAsync(name);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Single(info.Succeeded("edav").Select(delivery => delivery.Location).Distinct());
        Assert.Equal(3, (await server.FindInfoAsync(id, Stop))!.Deliveries.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_event_that_arrives_twice_is_delivered_once()
    {
        var name = BrokerService.NewName("events");
        await using var server = await ServerProcess.StartAsync(_folder, Stop, broker.Variables(name));
        var ear = await broker.ListenAsync(BrokerService.Topic(name), Stop);
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);

        foreach (var text in await broker.TakeAllAsync(ear, Stop))
            await broker.SendAsync(await broker.FindQueueAsync(name, Stop), text, Stop);
        await WaitUntilEmptyAsync(name);

        Assert.Equal(2, (await server.FindInfoAsync(id, Stop))!.Deliveries.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_predecessors_event_for_an_upload_that_is_not_in_the_ledger_is_delivered()
    {
        string id;
        await using (var first = await ServerProcess.StartAsync(_folder, Stop))
        {
            id = await first.Http.UploadAsync(Bytes, "a.txt", Stop);
            await first.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        }

        // Another ledger, as if a predecessor on this machine had done all that.
        var name = BrokerService.NewName("events");
        var variables = broker.Variables(name);
        variables["LEDGER_CONNECTION_STRING"] = $"sqlite:{_folder.At("another.db")}";
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);
        await broker.SendAsync(
            await broker.FindQueueAsync(name, Stop),
            $$"""{"ID":"","type":"FileReady","retry_count":0,"UPLOAD_ID":"{{id}}","src_url":"","path":"elsewhere/a.txt","deliver_target":"copy","Metadata":{"sender_id":"x","data_stream_id":"dextesting","data_stream_route":"testevent1"},"more":[1]}""" + "\n",
            Stop);
        await WaitUntilEmptyAsync(name);

        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Path.Combine(_folder.Target("copy"), "elsewhere", "a.txt"), Stop));
        await Eventually.TrueAsync(() => Copies(id).Count == 3);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("\"\\ud800\"")]
    [InlineData("""{"type":"Other","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"edav"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"../../etc/passwd","path":"p","deliver_target":"edav"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"","deliver_target":"edav"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"nowhere"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"../p","deliver_target":"edav"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"edav"}""")]
    public async Task What_cannot_be_delivered_ends_in_the_dead_letter_queue_after_so_many_receives(string poison)
    {
        var name = BrokerService.NewName("events");
        var variables = broker.Variables(name);
        variables["SQS_SUBSCRIBER_MAX_RETRIES"] = "2";
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);

        await broker.SendAsync(await broker.FindQueueAsync(name, Stop), poison, Stop);
        List<string> dead = [];
        await Eventually.TrueAsync(async () =>
        {
            dead.AddRange(await broker.TakeAllAsync(await broker.FindQueueAsync($"dl-queue-{name}", Stop), Stop));
            return dead.Count > 0;
        }, Patience);

        Assert.Equal([poison], dead);
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_delivery_that_always_fails_is_tried_once_for_each_receive_and_then_given_up_visibly()
    {
        using var folder = new ServerFolder("edav", "copy");
        Directory.CreateDirectory(folder.At("uploads"));
        await File.WriteAllTextAsync(folder.Target("copy"), "not a folder", Stop);
        var name = BrokerService.NewName("events");
        var variables = broker.Variables(name);
        variables["SQS_SUBSCRIBER_MAX_RETRIES"] = "2";
        await using var server = await ServerProcess.StartAsync(folder, Stop, variables);

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await Eventually.TrueAsync(async () => (await broker.CountAsync(await broker.FindQueueAsync($"dl-queue-{name}", Stop), Stop)).Visible == 1, Patience);

        var info = (await server.FindInfoAsync(id, Stop))!;
        Assert.Single(info.Succeeded("edav"));
        Assert.Equal(2, info.Failed("copy").Count());
        Assert.Contains(server.Output, line => line.Contains("delivery given up", StringComparison.Ordinal));
    }

    [Fact(Timeout = 180_000)]
    public async Task A_server_that_is_killed_in_mid_delivery_delivers_after_its_restart_and_once()
    {
        var name = BrokerService.NewName("events");
        var variables = broker.Variables(name);
        variables["SQS_SUBSCRIBER_VISIBILITY_TIMEOUT"] = "2";
        variables["SQS_SUBSCRIBER_MAX_RETRIES"] = "100";

        await KilledReceiver.AssertDeliversOnceAsync(_folder, variables, kills: 4, () => WaitUntilEmptyAsync(name), Stop);
    }

    [Fact(Timeout = 180_000)]
    public async Task While_the_broker_is_away_uploads_go_on_and_afterwards_everything_arrives_in_order()
    {
        var name = BrokerService.NewName("events");
        var topic = BrokerService.Topic(BrokerService.NewName("reports"));
        var ear = await broker.ListenAsync(topic, Stop);
        await using var proxy = broker.NewProxy();
        proxy.Add(new FaultRule(FaultKind.ResetBeforeRequest));
        var variables = broker.Variables(name, proxy.Address);
        variables["SNS_REPORTER_EVENT_ARN"] = topic;
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);
        List<string> ids = [];
        for (var upload = 0; upload < 5; upload++)
            ids.Add(await server.Http.UploadAsync(Bytes, "a.txt", Stop));
        var health = await server.Http.GetStringAsync(new Uri("/health", UriKind.Relative), Stop);

        proxy.Heal();
        foreach (var id in ids)
            await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        List<string> published = [];
        await Eventually.TrueAsync(async () =>
        {
            published.AddRange(await broker.TakeAllAsync(ear, Stop));
            return ids.All(id => published.Count(text => text.Contains(id, StringComparison.Ordinal) && TypeOf(text) == "blob-file-copy") == 2);
        }, Patience);

        Assert.Contains($$"""{"service":"SNS - {{topic}}","status":"DOWN",""", health, StringComparison.Ordinal);
        Assert.Equal(5, health.Split($$"""{"service":"SQS - {{BrokerService.Queue(name)}}","status":"DOWN",""").Length - 1);
        foreach (var id in ids)
        {
            var types = published.Where(text => text.Contains(id, StringComparison.Ordinal)).Select(TypeOf).Distinct().ToArray();
            Assert.Equal(["metadata-transform", "metadata-verify", "upload-started", "upload-status", "upload-completed", "blob-file-copy"], types);
        }

        Assert.Contains("\"status\":\"UP\",\"services\"", await server.Http.GetStringAsync(new Uri("/health", UriKind.Relative), Stop), StringComparison.Ordinal);
    }

    [Fact(Timeout = 180_000)]
    public async Task Errors_while_receiving_are_outlived_and_shown()
    {
        var name = BrokerService.NewName("events");
        await using var proxy = broker.NewProxy();
        await using var server = await ServerProcess.StartAsync(_folder, Stop, broker.Variables(name, proxy.Address));
        proxy.Add(new FaultRule(FaultKind.Answer) { CannedAnswer = new CannedAnswer(HttpStatusCode.ServiceUnavailable, "") });

        await Eventually.TrueAsync(() => server.Output.Any(line => line.Contains("\"msg\":\"Listener failed\"", StringComparison.Ordinal)), Patience);
        await Eventually.TrueAsync(async () => (await HealthAsync(server)).Contains("\"status\":\"DOWN\"", StringComparison.Ordinal), Patience);
        proxy.Heal();
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        await Eventually.TrueAsync(async () => !(await HealthAsync(server)).Contains("\"status\":\"DOWN\"", StringComparison.Ordinal), Patience);

        Assert.False(server.HasExited);
    }

    [Fact(Timeout = 180_000)]
    public async Task Two_servers_on_one_queue_share_the_work_and_make_each_delivery_once()
    {
        var name = BrokerService.NewName("events");
        var first = broker.Variables(name);
        var second = broker.Variables(name);
        second["LEDGER_CONNECTION_STRING"] = $"sqlite:{_folder.At("second.db")}";
        await using var one = await ServerProcess.StartAsync(_folder, Stop, first);
        await using var two = await ServerProcess.StartAsync(_folder, Stop, second);

        List<string> ids = [];
        for (var upload = 0; upload < 20; upload++)
            ids.Add(await one.Http.UploadAsync(Bytes, "a.txt", Stop));
        await Eventually.TrueAsync(() => ids.TrueForAll(id => Copies(id).Count >= 2), Patience);
        await WaitUntilEmptyAsync(name);

        Assert.All(ids, id => Assert.Equal(2, Copies(id).Count));
        Assert.All(ids, id => Assert.Single(Directory.EnumerateFiles(_folder.Target("edav"), $"*{id}*", SearchOption.AllDirectories)));
    }

    [Fact(Timeout = 120_000)]
    public async Task Metrics_count_each_event_for_its_one_sink_and_tell_the_length_of_the_queue()
    {
        var name = BrokerService.NewName("events");
        var variables = broker.Variables(name);
        variables["METRICS_POLL_INTERVAL_MILLIS"] = "100";
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);

        var url = await broker.FindQueueAsync(name, Stop);
        var text = "";
        await Eventually.TrueAsync(async () =>
        {
            text = await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Stop);
            return text.Contains($"dex_server_queue_messages{{queue=\"{url}\"}} 0", StringComparison.Ordinal);
        });

        Assert.Contains("dex_server_events_total{op=\"publish\",type=\"FileReady\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("dex_server_events_total{op=\"subscribe\",type=\"FileReady\"} 2\n", text, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task When_the_broker_is_taken_out_what_it_was_never_told_is_delivered_all_the_same()
    {
        await using var proxy = broker.NewProxy();
        proxy.Add(new FaultRule(FaultKind.ResetBeforeRequest));
        string id;
        await using (var first = await ServerProcess.StartAsync(_folder, Stop, broker.Variables(BrokerService.NewName("events"), proxy.Address)))
        {
            id = await first.Http.UploadAsync(Bytes, "a.txt", Stop);
            Assert.Equal(0, await first.StopAsync(TimeSpan.FromSeconds(15), Stop));
        }

        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);

        Assert.Equal(2, info.Deliveries.Count);
    }

    private static async Task<string> HealthAsync(ServerProcess server) => await server.Http.GetStringAsync(new Uri("/health", UriKind.Relative), Stop);

    private static string TypeOf(string report)
    {
        using var document = JsonDocument.Parse(report);
        return document.RootElement.GetProperty("content").GetProperty("content_schema_name").GetString()!;
    }

    private async Task WaitUntilEmptyAsync(string name)
    {
        var queue = await broker.FindQueueAsync(name, Stop);
        await Eventually.TrueAsync(async () => await broker.CountAsync(queue, Stop) == (0, 0), Patience);
    }

    private List<string> Copies(string id)
    {
        var path = Path.Combine(_folder.Reports, $"{id}_blob-file-copy");
        return File.Exists(path) ? [.. File.ReadLines(path)] : [];
    }

    private List<string> WrittenLines(string id) =>
        [.. Directory.EnumerateFiles(_folder.Reports, $"{id}_*").SelectMany(File.ReadLines).Select(line => line + "\n")];
}
