using Dex.UploadServer.Health;

namespace Dex.UploadServer.Messaging.Brokers;

internal static class ReceiverExtensions
{
    /// <summary>Receives from <typeparamref name="TQueue"/>, the one source of events there is, and shows each worker in <c>/health</c>.</summary>
    public static void AddEventReceiver<TQueue>(
        this IServiceCollection services, Func<IServiceProvider, ReceiverOptions> options, Func<TQueue, EventReceiver, int, IHealthProbe> probe)
        where TQueue : class, IBrokerQueue
    {
        services.AddSingleton<TQueue>();
        services.AddSingleton<IBrokerQueue>(static provider => provider.GetRequiredService<TQueue>());
        services.AddSingleton<IEventQueue>(static provider => provider.GetRequiredService<TQueue>());
        services.AddSingleton(options);
        services.AddSingleton<EventReceiver>();
        services.AddHostedService(static provider => provider.GetRequiredService<EventReceiver>());
        services.AddSingleton<IHealthProbeSource>(provider =>
            new WorkerProbes(provider.GetRequiredService<EventReceiver>(), (receiver, worker) => probe(provider.GetRequiredService<TQueue>(), receiver, worker)));
    }

    private sealed class WorkerProbes(EventReceiver receiver, Func<EventReceiver, int, IHealthProbe> probe) : IHealthProbeSource
    {
        public IEnumerable<IHealthProbe> Probes => Enumerable.Range(0, receiver.Workers).Select(worker => probe(receiver, worker));
    }
}
