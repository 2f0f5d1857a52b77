using System.Collections.Immutable;
using System.Text;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Routing;

namespace Dex.UploadServer.Tests.Routing;

public sealed class UploadRouterTests
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    private const string ThreeTargets = """
        targets: {t: {type: file, path: x}, u: {type: file, path: y}, v: {type: file, path: z}}
        routing_groups:
          - data_stream_id: dextesting
            data_stream_route: testevent1
            delivery_targets:
              - {name: v, path_template: 'v/{{.UploadId}}'}
              - {name: t, path_template: '{{.Filename}}'}
              - {name: u, path_template: 'u/{{.Hour}}_{{.UploadId}}'}
          - {data_stream_id: dextesting, data_stream_route: nowhere}
        """;

    [Fact]
    public void An_upload_goes_to_each_target_of_its_group_in_the_files_order()
    {
        var plan = Plan(ThreeTargets, Manifest());

        Assert.Null(plan.Problem);
        Assert.Equal(
            [
                new NewDelivery("v", "v", $"v/{Id}.csv"),
                new NewDelivery("t", "t", "report.csv"),
                new NewDelivery("u", "u", $"u/14_{Id}.csv"),
            ],
            plan.Deliveries);
        Assert.Equal(3, plan.Events.Count);
    }

    [Fact]
    public void The_event_is_byte_for_byte_as_readers_know_it()
    {
        var message = Assert.Single(Plan(DeliveryFiles.Sample, Manifest(("note", "a<b>&\"é\u2028"))).Events);

        Assert.Equal((MessageKind.Event, Id, "FileReady"), (message.Kind, message.UploadId, message.Type));
        Assert.Equal(
            $$$"""{"id":"","type":"FileReady","retry_count":0,"upload_id":"{{{Id}}}","src_url":"","path":"2025/06/05/report_{{{Id}}}.csv","deliver_target":"edav","Metadata":{"data_stream_id":"dextesting","data_stream_route":"testevent1","dex_ingest_datetime":"2025-06-05T14:03:01.482913774Z","note":"a\u003cb\u003e\u0026\"é\u2028","received_filename":"report.csv"}}""",
            Encoding.UTF8.GetString(message.Json.Span));
    }

    [Fact]
    public void A_group_without_targets_is_no_problem()
    {
        var plan = Plan(ThreeTargets, Manifest(("data_stream_route", "nowhere")));

        Assert.Empty(plan.Deliveries);
        Assert.Null(plan.Problem);
    }

    [Theory]
    [InlineData("DexTesting", "testevent1")]
    [InlineData("dextesting_testevent1", "")]
    [InlineData("", "")]
    public void Without_a_group_nothing_is_planned_and_no_value_but_the_pair_is_told(string stream, string route)
    {
        var plan = Plan(ThreeTargets, Manifest(("data_stream_id", stream), ("data_stream_route", route)));

        Assert.Empty(plan.Deliveries);
        Assert.Equal($"no routing group found for metadata data_stream_id: {stream}, data_stream_route: {route}", plan.Problem);
    }

    [Fact]
    public void An_empty_manifest_has_no_group() =>
        Assert.StartsWith(
            "no routing group found for metadata",
            new UploadRouter(new DeliveryFiles().Parse(ThreeTargets), EventTransport.Local).Plan(Id, ImmutableSortedDictionary<string, string>.Empty).Problem,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a\0b")]
    [InlineData("a\\b")]
    [InlineData("")]
    public void A_path_that_could_leave_a_target_is_refused_for_that_target_alone(string name)
    {
        var plan = Plan(ThreeTargets, Manifest(("received_filename", name)));

        Assert.Equal(name, Assert.Single(plan.Deliveries, delivery => delivery.Target == "t").Path); // for the courier to refuse, visibly
        Assert.Equal(plan.Deliveries.Count - 1, plan.Events.Count);
        Assert.StartsWith("the delivered path", plan.Problem, StringComparison.Ordinal);
        Assert.EndsWith("for target t", plan.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_a_broker_carries_events_what_has_one_is_posted_and_what_has_none_is_left_to_the_courier()
    {
        var router = new UploadRouter(new DeliveryFiles().Parse(ThreeTargets), new EventTransport(IsPublished: true, IsReceived: false));

        var plan = router.Plan(Id, Manifest(("received_filename", "a\\b")));

        Assert.Equal(plan.Events.Count, plan.Deliveries.Count(delivery => delivery.IsPosted));
        Assert.False(Assert.Single(plan.Deliveries, delivery => delivery.Target == "t").IsPosted);
        Assert.True(router.PlanRedelivery(Id, Manifest(), "u").Delivery!.IsPosted);
    }

    [Theory]
    [InlineData("bogus time")]
    [InlineData("")]
    public void A_bad_ingest_time_plans_nothing(string time)
    {
        var plan = Plan(ThreeTargets, Manifest(("dex_ingest_datetime", time)));

        Assert.Empty(plan.Deliveries);
        Assert.Empty(plan.Events);
        Assert.Equal("bad ingest timestamp for target v", plan.Problem);
    }

    [Fact]
    public void The_key_tells_definitions_of_one_name_apart_and_the_event_does_not()
    {
        var plan = Plan(
            """
            programs:
              - {data_stream_id: dextesting, data_stream_route: testevent1, delivery_targets: [{name: t, type: file, path: x}]}
              - {data_stream_id: dextesting, data_stream_route: other, delivery_targets: [{name: t, type: file, path: y}]}
            """,
            Manifest());

        Assert.Equal(("t", "t@dextesting/testevent1"), (plan.Deliveries[0].Target, plan.Deliveries[0].TargetKey));
        Assert.Contains("\"deliver_target\":\"t\"", Encoding.UTF8.GetString(plan.Events[0].Json.Span), StringComparison.Ordinal);
    }

    private static RoutingPlan Plan(string yaml, ImmutableSortedDictionary<string, string> manifest) =>
        new UploadRouter(new DeliveryFiles().Parse(yaml), EventTransport.Local).Plan(Id, manifest);

    private static ImmutableSortedDictionary<string, string> Manifest(params (string Key, string Value)[] more)
    {
        var manifest = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal)
            .Add("data_stream_id", "dextesting")
            .Add("data_stream_route", "testevent1")
            .Add("dex_ingest_datetime", "2025-06-05T14:03:01.482913774Z")
            .Add("received_filename", "report.csv");
        return manifest.SetItems(more.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));
    }
}
