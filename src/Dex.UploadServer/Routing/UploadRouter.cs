using System.Collections.Immutable;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Routing;

/// <inheritdoc cref="IUploadRouter"/>
internal sealed class UploadRouter(DeliveryConfiguration configuration, EventTransport transport) : IUploadRouter
{
    public RoutingPlan Plan(string uploadId, ImmutableSortedDictionary<string, string> manifest)
    {
        if (FindGroup(manifest) is not { } group)
            return new RoutingPlan([], [], $"no routing group found for metadata {ManifestKeys.DataStreamId}: {DataStreamId(manifest)}, {ManifestKeys.DataStreamRoute}: {DataStreamRoute(manifest)}");

        var deliveries = new List<NewDelivery>();
        var events = new List<OutboxMessage>();
        var problems = new List<string>();
        foreach (var route in group.Routes)
        {
            var (path, problem, isFatal) = Render(route, uploadId, manifest);
            if (problem is not null)
                problems.Add($"{problem} for target {route.Target.Name}");
            if (isFatal)
                break;
            deliveries.Add(new NewDelivery(route.Target.Name, route.Target.Key, path!, IsPosted: transport.IsPublished && problem is null));
            if (problem is null)
                events.Add(new FileReady(uploadId, "", path!, route.Target.Name, manifest).ToMessage());
        }

        return new RoutingPlan(deliveries, events, problems.Count == 0 ? null : string.Join("; ", problems));
    }

    /// <summary>One more delivery of a finished upload to one target, by today's configuration (spec: delivery.md 7).</summary>
    /// <param name="manifest">As the source keeps it.</param>
    public Redelivery PlanRedelivery(string uploadId, ImmutableSortedDictionary<string, string> manifest, string target)
    {
        if (!configuration.HasTargetNamed(target))
            return Redelivery.UnknownTarget;
        if (FindGroup(manifest)?.Routes.FirstOrDefault(route => route.Target.Name == target) is not { } route
            || Render(route, uploadId, manifest) is not { Problem: null, Path: { } path })
            return Redelivery.NotForThisUpload;
        return new Redelivery(
            RedeliveryVerdict.Accepted,
            new NewDelivery(target, route.Target.Key, path, SourceUrl: uploadId, IsPosted: transport.IsPublished),
            new FileReady(uploadId, uploadId, path, target, manifest).ToMessage());
    }

    private RoutingGroup? FindGroup(ImmutableSortedDictionary<string, string> manifest) =>
        configuration.FindGroup(DataStreamId(manifest), DataStreamRoute(manifest));

    // A bad ingest time is the upload's fault, and fatal to all targets that follow. A bad path is a matter of this target
    // alone: it becomes a delivery that the courier refuses, so that the upload's end is told where its sender looks.
    private static (string? Path, string? Problem, bool IsFatal) Render(TargetRoute route, string uploadId, ImmutableSortedDictionary<string, string> manifest)
    {
        string path;
        try
        {
            path = route.Template.Render(new PathValues(
                uploadId, ManifestKeys.FileNameOf(manifest), DataStreamId(manifest), DataStreamRoute(manifest), manifest.GetValueOrDefault(ManifestKeys.IngestedAt)));
        }
        catch (FormatException error)
        {
            return (null, error.Message, true);
        }

        return (path, DeliveredPath.Check(path), false);
    }

    private static string DataStreamId(ImmutableSortedDictionary<string, string> manifest) => manifest.GetValueOrDefault(ManifestKeys.DataStreamId, "");

    private static string DataStreamRoute(ImmutableSortedDictionary<string, string> manifest) => manifest.GetValueOrDefault(ManifestKeys.DataStreamRoute, "");
}
