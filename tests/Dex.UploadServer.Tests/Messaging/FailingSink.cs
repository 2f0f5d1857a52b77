using System.Collections.Concurrent;
using System.Text;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Tests.Messaging;

/// <summary>A broker that refuses or hangs when told to.</summary>
internal sealed class FailingSink : IMessageSink
{
    private readonly ConcurrentQueue<string> _sent = new();

    public string Name => "broker";

    public bool IsAwaited { get; init; } = true;

    public int Lanes => 4;

    /// <summary>Set while nothing is taken.</summary>
    public bool Down { get; set; }

    /// <summary>Uploads whose messages are refused.</summary>
    public ConcurrentDictionary<string, bool> Refused { get; } = new();

    /// <summary>Set while the broker does not answer.</summary>
    public TaskCompletionSource? Hanging { get; set; }

    public IReadOnlyList<string> Sent => [.. _sent];

    public int Tries { get; private set; }

    public bool Takes(MessageKind kind) => true;

    public async ValueTask SendAsync(OutboxMessage message, bool mayBeARepeat, CancellationToken cancellationToken)
    {
        Tries++;
        if (Hanging is { } hanging)
            await hanging.Task.WaitAsync(cancellationToken);
        if (Down)
            throw new SinkDownException("broker is down");
        if (Refused.ContainsKey(message.UploadId))
            throw new IOException("broker is away");
        _sent.Enqueue(Encoding.UTF8.GetString(message.Json.Span));
    }
}
