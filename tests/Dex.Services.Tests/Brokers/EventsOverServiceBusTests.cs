using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dex.Testing;
using Dex.Testing.ServiceBus;

namespace Dex.Services.Brokers;

/// <summary>The whole server with reports and events over a stand-in for Azure Service Bus (spec: reports-and-events.md 6 and 7.3).</summary>
[Trait("Category", "Brokers")]
public sealed class EventsOverServiceBusTests : IAsyncLifetime
{
    private const string Topic = "file-ready";
    private const string Subscription = "deliveries";
    private const string Reports = "reports";

    /// <summary>The shortest that the service has.</summary>
    private static readonly TimeSpan ShortestLock = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] Bytes = Content.Random(100_000);

    private readonly ServerFolder _folder = new("edav", "copy");
    private ServiceBusDouble _bus = null!;
    private DoubledEntity _events = null!;
    private DoubledEntity _reports = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bus = await ServiceBusDouble.StartAsync();
        _events = _bus.AddSubscription(Topic, Subscription, ShortestLock, maxDeliveryCount: 100);
        _reports = _bus.AddQueue(Reports);
    }

    public async ValueTask DisposeAsync()
    {
        await _bus.DisposeAsync();
        _folder.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_file_is_delivered_once_to_each_target_by_way_of_the_subscription()
    {
        var ear = _bus.AddSubscription(Topic, "ear");
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables());

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        await WaitUntilEmptyAsync();

        Assert.Equal(["copy", "edav"], info.Deliveries.Select(delivery => delivery.Name).Order());
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(_folder.At(info.Succeeded("edav").Single().Location), Stop));
        Assert.Equal(2, ear.Messages.Count);
        Assert.All(ear.Messages, message => Assert.StartsWith($$"""{"id":"","type":"FileReady","retry_count":0,"upload_id":"{{id}}","src_url":"","path":""", message.Body, StringComparison.Ordinal));
        Assert.All(ear.Messages, message => Assert.EndsWith("}", message.Body, StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(_folder.Events, $"{id}_FileReady")));
    }

    [Fact(Timeout = 120_000)]
    public async Task Reports_arrive_as_they_are_in_their_files_and_in_that_order()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables());

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        await Eventually.TrueAsync(() => _reports.Messages.Count >= WrittenLines(id).Count, Patience);

        Assert.Equal(WrittenLines(id).Order(StringComparer.Ordinal), _reports.Messages.Select(message => message.Body).Order(StringComparer.Ordinal));
        Assert.Equal(ReportTypes, _reports.Messages.Select(message => TypeOf(message.Body)).Distinct());
        Assert.All(_reports.Messages, message => Assert.Equal(id, message.PartitionKey));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_redelivery_that_was_asked_for_travels_the_same_way_and_is_made_once()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables());
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);

        using var answer = await server.Http.PostAsync(new Uri($"/route/{id}", UriKind.Relative), new StringContent("""{"target":"edav"}"""), Stop);
        var info = await server.WaitForInfoAsync(id, info => info.Succeeded("edav").Count() > 1, Patience, Stop);
        await WaitUntilEmptyAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Single(info.Succeeded("edav").Select(delivery => delivery.Location).Distinct());
        Assert.Equal(3, (await server.FindInfoAsync(id, Stop))!.Deliveries.Count);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("""{"type":"FileReady","upload_id":"../../etc/passwd","path":"p","deliver_target":"edav"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"nowhere"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"edav"}""")]
    public async Task What_cannot_be_delivered_is_dead_after_so_many_deliveries_with_its_reason_in_the_log(string poison)
    {
        var events = _bus.AddSubscription(Topic, Subscription, ShortestLock, maxDeliveryCount: 2);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables());

        events.Send(poison, "poison-1");
        await Eventually.TrueAsync(() => events.Counts == (0, 0, 1), Patience);

        var dead = Assert.Single(events.Dead);
        Assert.Equal((poison, 2), (dead.Body, dead.DeliveryCount));
        Assert.Contains(server.Output, line => line.Contains("poison-1", StringComparison.Ordinal) || line.Contains("delivery given up", StringComparison.Ordinal));
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_delivery_that_always_fails_is_tried_once_for_each_delivery_of_its_message_after_growing_waits()
    {
        var events = _bus.AddSubscription(Topic, Subscription, ShortestLock, maxDeliveryCount: 3);
        Directory.CreateDirectory(_folder.At("uploads"));
        await File.WriteAllTextAsync(_folder.Target("copy"), "not a folder", Stop);
        var began = TimeProvider.System.GetTimestamp();
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables("EVENT_RETRY_BASE_MS=500"));

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await Eventually.TrueAsync(() => events.Counts == (0, 0, 1), Patience);

        var info = (await server.FindInfoAsync(id, Stop))!;
        Assert.Single(info.Succeeded("edav"));
        Assert.Equal(3, info.Failed("copy").Count());
        Assert.True(TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(2)); // 0.5 and 2.5 s, give or take a fifth
        Assert.Contains(server.Output, line => line.Contains("delivery given up", StringComparison.Ordinal));
    }

    [Fact(Timeout = 180_000)]
    public async Task A_server_that_is_killed_in_mid_delivery_delivers_after_its_restart_and_once() =>
        await KilledReceiver.AssertDeliversOnceAsync(_folder, Variables(), kills: 3, WaitUntilEmptyAsync, Stop);

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_is_stopped_leaves_no_message_locked_and_stops_soon()
    {
        var server = await ServerProcess.StartAsync(_folder, Stop, Variables());
        await using (server)
        {
            var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
            await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
            Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(10), Stop));
        }

        _events.Send("after the stop");
        Assert.Equal((1, 0, 0), _events.Counts);
    }

    [Fact(Timeout = 180_000)]
    public async Task While_the_bus_is_away_uploads_go_on_and_afterwards_everything_arrives_in_order()
    {
        await using var proxy = FaultProxy.Start(_bus.Address).Add(new FaultRule(FaultKind.ResetBeforeRequest));
        await using var server = await ServerProcess.StartAsync(_folder, Stop, VariablesAt(proxy.Address));
        List<string> ids = [];
        for (var upload = 0; upload < 5; upload++)
            ids.Add(await server.Http.UploadAsync(Bytes, "a.txt", Stop));
        var health = await HealthAsync(server);

        proxy.Heal();
        foreach (var id in ids)
            await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        await Eventually.TrueAsync(() => ids.TrueForAll(id => OfUpload(id).Count(text => TypeOf(text) == "blob-file-copy") == 2), Patience);
        await Eventually.TrueAsync(async () => !(await HealthAsync(server)).Contains("\"status\":\"DOWN\"", StringComparison.Ordinal), Patience);

        Assert.Equal(7, Regex.Count(health, "the broker cannot be reached or broke the call off"));
        Assert.All(ids, id => Assert.Equal(ReportTypes, OfUpload(id).Select(TypeOf).Distinct()));
    }

    [Fact(Timeout = 120_000)]
    public async Task Answers_that_are_lost_double_no_delivery()
    {
        await using var proxy = FaultProxy.Start(_bus.Address)
            .Add(new FaultRule(FaultKind.ResetAfterRequest) { Method = "DELETE", Times = 2 })
            .Add(new FaultRule(FaultKind.ResetAfterRequest) { Method = "POST", Path = new Regex("/messages$"), Times = 3 })
            .Add(new FaultRule(FaultKind.TruncateAnswer) { Method = "POST", Path = new Regex("/messages/head$"), AfterBytes = 10, Times = 2, Skip = 3 });
        await using var server = await ServerProcess.StartAsync(_folder, Stop, VariablesAt(proxy.Address));

        List<string> ids = [];
        for (var upload = 0; upload < 5; upload++)
            ids.Add(await server.Http.UploadAsync(Bytes, "a.txt", Stop));
        foreach (var id in ids)
            await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        await WaitUntilEmptyAsync();

        foreach (var id in ids)
            Assert.Equal(2, (await server.FindInfoAsync(id, Stop))!.Deliveries.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task Health_names_the_bus_as_monitoring_knows_it_and_tells_what_is_wrong()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables("LISTENER_WORKERS=2"));
        await Eventually.TrueAsync(async () => !(await HealthAsync(server)).Contains("DOWN", StringComparison.Ordinal), Patience);
        var healthy = await BusHealthAsync(server);

        _bus.SetStatus(Topic, "Disabled");
        _bus.SetStatus($"{Topic}/subscriptions/{Subscription}", "ReceiveDisabled");
        _bus.Remove(Reports);
        await Eventually.TrueAsync(async () => (await BusHealthAsync(server)).TrueForAll(entry => entry.Status == "DOWN"), Patience);
        var ill = await BusHealthAsync(server);

        Assert.Equal(["Event Publishing reports", "Event Publishing file-ready", "deliveries Event Subscriber", "deliveries Event Subscriber"], healthy.Select(entry => entry.Service));
        Assert.All(healthy, entry => Assert.Equal(("UP", "None reported"), (entry.Status, entry.Issue)));
        Assert.Equal(
            ["there is no queue reports", "service bus topic file-ready status: Disabled", "service bus subscription deliveries status: ReceiveDisabled", "service bus subscription deliveries status: ReceiveDisabled"],
            ill.Select(entry => entry.Issue));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_wrong_key_is_told_in_health_and_log_and_never_shown()
    {
        const string Wrong = "d3Jvbmcta2V5LW9mLW5vYm9keQ==";
        var variables = Variables();
        foreach (var prefix in (string[])["REPORTER", "PUBLISHER", "SUBSCRIBER"])
            variables[$"{prefix}_CONNECTION_STRING"] = _bus.ConnectionString(key: Wrong);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await Eventually.TrueAsync(() => server.Output.Any(line => line.Contains("Failed to publish", StringComparison.Ordinal)), Patience);
        await Eventually.TrueAsync(async () => (await BusHealthAsync(server)).TrueForAll(entry => entry.Issue == "access denied: the key is not the right one (401)"), Patience);
        await server.StopAsync(TimeSpan.FromSeconds(15), Stop);

        Assert.NotEmpty(id);
        Assert.Contains(server.Output, line => line.Contains("Listener failed", StringComparison.Ordinal) && line.Contains("the key is not the right one", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Output, line => line.Contains(Wrong, StringComparison.Ordinal) || line.Contains("SharedAccess", StringComparison.Ordinal));
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_the_Manage_right_everything_but_the_length_goes_on_and_that_is_said_once()
    {
        _bus.AddKey("worker", "k", DoubledRights.Send | DoubledRights.Listen);
        var variables = Variables("METRICS_POLL_INTERVAL_MILLIS=50");
        foreach (var prefix in (string[])["REPORTER", "PUBLISHER", "SUBSCRIBER"])
            variables[$"{prefix}_CONNECTION_STRING"] = _bus.ConnectionString("worker", "k");
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables);

        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);
        var health = await BusHealthAsync(server);
        var metrics = await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Stop);

        Assert.All(health, entry => Assert.Equal("UP", entry.Status));
        Assert.DoesNotContain($"queue=\"{Subscription}\"", metrics, StringComparison.Ordinal);
        Assert.Single(server.Output, line => line.Contains("without the Manage right", StringComparison.Ordinal) && line.Contains(Subscription, StringComparison.Ordinal));
        Assert.DoesNotContain(server.Output, line => line.Contains("failed to get queue length", StringComparison.Ordinal));
    }

    [Fact(Timeout = 120_000)]
    public async Task Metrics_count_each_event_for_its_one_sink_and_tell_the_length_of_the_subscription()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop, Variables("METRICS_POLL_INTERVAL_MILLIS=100"));
        var id = await server.Http.UploadAsync(Bytes, "a.txt", Stop);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "copy"), Patience, Stop);

        var text = "";
        await Eventually.TrueAsync(async () =>
        {
            text = await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Stop);
            return text.Contains($"dex_server_queue_messages{{queue=\"{Subscription}\"}} 0", StringComparison.Ordinal);
        });

        Assert.Contains("dex_server_events_total{op=\"publish\",type=\"FileReady\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("dex_server_events_total{op=\"subscribe\",type=\"FileReady\"} 2\n", text, StringComparison.Ordinal);
    }

    [Fact(Timeout = 180_000)]
    public async Task Two_servers_on_one_subscription_share_the_work_and_make_each_delivery_once()
    {
        await using var one = await ServerProcess.StartAsync(_folder, Stop, Variables());
        await using var two = await ServerProcess.StartAsync(_folder, Stop, Variables($"LEDGER_CONNECTION_STRING=sqlite:{_folder.At("second.db")}"));

        List<string> ids = [];
        for (var upload = 0; upload < 20; upload++)
            ids.Add(await one.Http.UploadAsync(Bytes, "a.txt", Stop));
        await Eventually.TrueAsync(() => ids.TrueForAll(id => Copies(id).Count >= 2), Patience);
        await WaitUntilEmptyAsync();

        Assert.All(ids, id => Assert.Equal(2, Copies(id).Count));
    }

    private static readonly string[] ReportTypes = ["metadata-transform", "metadata-verify", "upload-started", "upload-status", "upload-completed", "blob-file-copy"];

    private static async Task<string> HealthAsync(ServerProcess server) => await server.Http.GetStringAsync(new Uri("/health", UriKind.Relative), Stop);

    private static async Task<List<(string Service, string Status, string Issue)>> BusHealthAsync(ServerProcess server)
    {
        using var document = JsonDocument.Parse(await HealthAsync(server));
        return [.. document.RootElement.GetProperty("services").EnumerateArray()
            .Select(entry => (entry.GetProperty("service").GetString()!, entry.GetProperty("status").GetString()!, entry.GetProperty("health_issue").GetString()!))
            .Where(entry => entry.Item1.Contains("Event", StringComparison.Ordinal))];
    }

    private static string TypeOf(string report)
    {
        using var document = JsonDocument.Parse(report);
        return document.RootElement.GetProperty("content").GetProperty("content_schema_name").GetString()!;
    }

    private Dictionary<string, string> Variables(params string[] assignments) => VariablesAt(_bus.Address, assignments);

    private Dictionary<string, string> VariablesAt(Uri address, params string[] assignments)
    {
        var access = _bus.ConnectionString(address: address);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["REPORTER_CONNECTION_STRING"] = access,
            ["REPORTER_QUEUE"] = Reports,
            ["PUBLISHER_CONNECTION_STRING"] = access,
            ["PUBLISHER_TOPIC"] = Topic,
            ["SUBSCRIBER_CONNECTION_STRING"] = access,
            ["SUBSCRIBER_TOPIC"] = Topic,
            ["SUBSCRIBER_SUBSCRIPTION"] = Subscription,
        };
        foreach (var assignment in assignments)
            variables[assignment[..assignment.IndexOf('=', StringComparison.Ordinal)]] = assignment[(assignment.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return variables;
    }

    private Task WaitUntilEmptyAsync() => Eventually.TrueAsync(() => _bus.Entity($"{Topic}/subscriptions/{Subscription}").Counts is { Waiting: 0, Locked: 0 }, Patience);

    private List<string> OfUpload(string id) => [.. _reports.Messages.Select(message => message.Body).Where(body => body.Contains(id, StringComparison.Ordinal))];

    private List<string> Copies(string id)
    {
        var path = Path.Combine(_folder.Reports, $"{id}_blob-file-copy");
        return File.Exists(path) ? [.. File.ReadLines(path)] : [];
    }

    private List<string> WrittenLines(string id) => [.. Directory.EnumerateFiles(_folder.Reports, $"{id}_*").SelectMany(File.ReadLines)];
}
