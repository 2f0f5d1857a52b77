namespace Dex.UploadServer.Retention;

/// <summary>One sweep of the upload store: what is found is removed, one after the other, and counted. May be killed at any instant; the next one goes on.</summary>
internal sealed partial class Sweeper(SweepSurvey survey, SweepRemoval removal, RetentionMetrics metrics, TimeProvider clock, ILogger<Sweeper> logger)
{
    /// <param name="guard">Asked before each removal, by a process that shares no locks with servers; null in a server.</param>
    /// <exception cref="StoreInUseException">The guard said that a server runs.</exception>
    public async Task<SweepReport> RunAsync(bool dryRun, IStoreGuard? guard, CancellationToken cancellationToken)
    {
        var start = clock.GetTimestamp();
        var report = new SweepReport();
        var completely = false;
        try
        {
            await foreach (var finding in survey.FindAsync(cancellationToken))
            {
                if (dryRun || finding.Category == SweepCategory.Unreadable)
                    report.Add(finding);
                else
                    await RemoveAsync(finding, guard, report, cancellationToken);
            }

            if (!dryRun)
                await removal.SettleLostAsync(cancellationToken);
            completely = true;
            return report;
        }
        finally
        {
            metrics.Swept(completely);
            Log(report, dryRun, completely, clock.GetElapsedTime(start));
        }
    }

    private async Task RemoveAsync(SweepFinding finding, IStoreGuard? guard, SweepReport report, CancellationToken cancellationToken)
    {
        using var alone = guard is null ? null : guard.TryExcludeServers() ?? throw new StoreInUseException();
        try
        {
            if (!await removal.RemoveAsync(finding, cancellationToken))
            {
                report.Kept++;
                return;
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            report.Failed++;
            LogFailed(finding.UploadId, SweepReport.NameOf(finding.Category), error);
            return;
        }

        report.Add(finding);
        metrics.Removed(finding);
    }

    private void Log(SweepReport report, bool dryRun, bool completely, TimeSpan time)
    {
        var expired = report.CountOf(SweepCategory.Expired);
        var expiredBytes = report.BytesOf(SweepCategory.Expired);
        LogSwept(dryRun, completely, expired, expiredBytes, report.Count - expired, report.Bytes - expiredBytes,
            report.CountOf(SweepCategory.Unreadable), report.Kept, report.Failed, (long)time.TotalMilliseconds);
    }

    [LoggerMessage(LogLevel.Information, "sweep of the upload store ended {dryRun}{completely}{expired}{expiredBytes}{leftovers}{leftoverBytes}{unreadable}{kept}{failed}{milliseconds}")]
    private partial void LogSwept(
        bool dryRun, bool completely, long expired, long expiredBytes, long leftovers, long leftoverBytes, long unreadable, long kept, long failed, long milliseconds);

    [LoggerMessage(LogLevel.Error, "sweep failed to remove {uploadId}{category}")]
    private partial void LogFailed(string? uploadId, string category, Exception error);
}

/// <summary>A server runs on the store, and removals from outside would not see its locks.</summary>
internal sealed class StoreInUseException() : Exception("a server runs on this store");
