namespace Dex.UploadServer.Ledger;

/// <summary>Opens the ledger before anything is served, so that a damaged or newer one stops the start.</summary>
internal sealed partial class LedgerStart(ILedger ledger, ILogger<LedgerStart> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var queue = await ledger.ReadQueueAsync(cancellationToken);
        LogOpened(queue.Waiting, queue.Running);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "ledger opened {waiting}{running}")]
    private partial void LogOpened(int waiting, int running);
}
