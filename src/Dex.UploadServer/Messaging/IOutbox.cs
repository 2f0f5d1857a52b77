using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Messaging;

/// <summary>Sends messages to every configured sink, those of one upload in order, none lost (spec: reports-and-events.md, reliability.md C5, Q7, F3).</summary>
internal interface IOutbox
{
    /// <summary>Queues messages in the ledger and sends them.</summary>
    /// <returns>When the messages are safe and their first sending attempt has ended, well or not.</returns>
    Task PublishAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken);

    /// <summary>Sends a batch that a ledger transaction has queued already.</summary>
    /// <returns>When the first sending attempt has ended, well or not; what failed is tried again in the background.</returns>
    Task SendAsync(OutboxBatch batch, CancellationToken cancellationToken);

    /// <summary>Sends a message that a later one will replace: kept in order with the others, not kept over a crash. Never blocks.</summary>
    void SendPassing(OutboxMessage message);

    /// <summary>As <see cref="SendPassing"/>, for a message that its reader looks for as soon as the caller is done.</summary>
    /// <returns>When the first sending attempt has ended, well or not; at most the time that <see cref="SendAsync"/> waits.</returns>
    Task SendPassingAsync(OutboxMessage message, CancellationToken cancellationToken);
}

/// <summary>One place messages go to: files, or a broker.</summary>
internal interface IMessageSink
{
    /// <summary>For logs and health.</summary>
    string Name { get; }

    bool Takes(MessageKind kind);

    /// <summary>Whether somebody reads there what a request has just published, so that its answer waits for the first try.</summary>
    bool IsAwaited => true;

    /// <summary>Messages sent at the same time, each of another upload.</summary>
    int Lanes => 4;

    /// <summary>Sends one message; returns when the other side has it.</summary>
    /// <exception cref="IOException">Not sent; try again later.</exception>
    /// <exception cref="SinkDownException">Nor will any other message be for now.</exception>
    ValueTask SendAsync(OutboxMessage message, bool mayBeARepeat, CancellationToken cancellationToken);
}
