using Dex.Tus.Stores;
using Microsoft.Extensions.Logging;

namespace Dex.Tus.Lifecycle;

/// <summary>Calls the host's lifecycle, counts each call, and decides which failures a client must hear of.</summary>
internal sealed partial class LifecycleHooks(IUploadLifecycle lifecycle, TusMetrics metrics, ILogger<LifecycleHooks> logger)
{
    public async ValueTask<CreationDecision> CreatingAsync(CreationRequest request, CancellationToken cancellationToken)
    {
        metrics.HookInvoked("pre-create");
        try
        {
            return await lifecycle.CreatingAsync(request, cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            metrics.HookFailed("pre-create");
            throw;
        }
    }

    public async ValueTask CreatedAsync(Upload upload, object? state, CancellationToken cancellationToken)
    {
        metrics.HookInvoked("post-create");
        try
        {
            await lifecycle.CreatedAsync(upload, state, cancellationToken);
        }
        catch (Exception)
        {
            metrics.HookFailed("post-create");
            throw;
        }
    }

    public void Receiving(Upload upload)
    {
        metrics.HookInvoked("post-receive");
        lifecycle.Receiving(upload);
    }

    // The bytes are stored whatever becomes of the hook; the client is told so.
    public async ValueTask ReceivedAsync(Upload upload, CancellationToken cancellationToken)
    {
        metrics.HookInvoked("post-receive");
        try
        {
            await lifecycle.ReceivedAsync(upload, cancellationToken);
        }
        catch (Exception error)
        {
            metrics.HookFailed("post-receive");
            LogFailed("post-receive", upload.Id, error);
        }
    }

    public ValueTask NotCreatedAsync(object? state, CancellationToken cancellationToken) => lifecycle.NotCreatedAsync(state, cancellationToken);

    public async ValueTask FinishingAsync(Upload upload, CancellationToken cancellationToken)
    {
        metrics.HookInvoked("pre-finish");
        bool followed;
        try
        {
            followed = await lifecycle.FinishingAsync(upload, cancellationToken);
        }
        catch (Exception)
        {
            metrics.HookFailed("pre-finish");
            throw;
        }

        metrics.HookInvoked("post-finish");
        if (!followed)
            metrics.HookFailed("post-finish");
    }

    public void Unsettled(Upload upload) => lifecycle.Unsettled(upload);

    public async ValueTask TerminatedAsync(Upload upload, CancellationToken cancellationToken)
    {
        metrics.HookInvoked("post-terminate");
        try
        {
            await lifecycle.TerminatedAsync(upload, cancellationToken);
        }
        catch (Exception error)
        {
            metrics.HookFailed("post-terminate");
            LogFailed("post-terminate", upload.Id, error);
        }
    }

    [LoggerMessage(LogLevel.Error, "upload hook failed {hook}{uploadId}")]
    private partial void LogFailed(string hook, string uploadId, Exception error);
}
