using System.Diagnostics.Metrics;

namespace Dex.UploadServer.Messaging;

/// <summary>What travelled (spec: metrics-logs-traces.md 2.1).</summary>
internal sealed class MessagingMetrics
{
    private readonly Counter<long> _events;

    public MessagingMetrics(IMeterFactory meters)
    {
        _events = meters.Create("Dex.Messaging")
            .CreateCounter<long>("dex_server_events_total", unit: null, "Number of events that have been created or handled by the server");
    }

    /// <summary>A sink has a message. Once for each sink.</summary>
    public void Published(string type) => Count(type, "publish");

    /// <summary>A message was taken up by the one who acts on it.</summary>
    public void Subscribed(string type) => Count(type, "subscribe");

    private void Count(string type, string operation) =>
        _events.Add(1, new KeyValuePair<string, object?>("type", type), new KeyValuePair<string, object?>("op", operation));
}
