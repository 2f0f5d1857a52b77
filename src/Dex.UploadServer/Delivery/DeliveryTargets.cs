using System.Collections.Immutable;
using Dex.UploadServer.Delivery.Configuration;

namespace Dex.UploadServer.Delivery;

/// <summary>Every configured target with its writing end; one of each for the life of the server.</summary>
internal sealed class DeliveryTargets(DeliveryConfiguration configuration, IEnumerable<IDestinationFactory> factories)
{
    /// <summary>In the order of the delivery file.</summary>
    public ImmutableArray<LaneTarget> All { get; } =
        [.. configuration.Targets.Select(target => new LaneTarget(target.Name, target.Key, Destination(target, factories)))];

    /// <summary>The target of a key. One that is not configured has a writing end that gives every delivery up with a reason.</summary>
    public LaneTarget Find(string targetKey) =>
        All.FirstOrDefault(target => target.Key == targetKey) ?? new LaneTarget(targetKey, targetKey, new UnknownDestination(targetKey));

    private static IDeliveryDestination Destination(DeliveryTarget target, IEnumerable<IDestinationFactory> factories) =>
        factories.Select(factory => factory.Create(target)).FirstOrDefault(destination => destination is not null) ?? new UnknownDestination(target.Name);

    private sealed class UnknownDestination(string name) : IDeliveryDestination
    {
        private readonly string _problem = $"failed to get destination for file delivery {name}";

        public ValueTask<DeliveredFile> DeliverAsync(SourceFile source, string path, IProgress<long> progress, CancellationToken cancellationToken) =>
            throw new DeliveryRefusedException(_problem);

        public ValueTask PrepareAsync(DateTimeOffset startedAt, CancellationToken cancellationToken) => throw new IOException(_problem);

        public ValueTask CheckAsync(CancellationToken cancellationToken) => throw new IOException(_problem);
    }
}
