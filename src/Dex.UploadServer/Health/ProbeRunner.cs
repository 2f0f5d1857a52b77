namespace Dex.UploadServer.Health;

/// <summary>Runs one probe for all who ask at the same time. A probe that hangs is not started a second time.</summary>
internal sealed class ProbeRunner(IHealthProbe probe, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private Task<string?> _running = Task.FromResult<string?>(null);

    public async Task<ServiceHealth> CheckAsync(TimeSpan patience)
    {
        string? issue;
        try
        {
            issue = await JoinOrStart(patience).WaitAsync(patience, clock);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            issue = $"no answer within {patience.TotalSeconds:0.#} seconds";
        }
        catch (Exception error)
        {
            // Whatever a probe trips over is the news it brings.
            issue = error.Message;
        }

        return new ServiceHealth(probe.Service, IsUp: issue is null, issue ?? probe.HealthyIssue);
    }

    private Task<string?> JoinOrStart(TimeSpan patience)
    {
        lock (_gate)
        {
            // On a thread of its own, because asking a file system whose server is gone blocks.
            if (_running.IsCompleted)
                _running = Task.Run(() => RunAsync(patience));
            return _running;
        }
    }

    private async Task<string?> RunAsync(TimeSpan patience)
    {
        using var tooLong = new CancellationTokenSource(patience, clock);
        return await probe.CheckAsync(tooLong.Token);
    }
}

/// <summary>One service in the answer.</summary>
/// <param name="Issue">What is wrong, or the text the service has when nothing is.</param>
internal sealed record ServiceHealth(string Service, bool IsUp, string Issue);
