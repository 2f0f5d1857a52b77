using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Retention;

/// <summary><c>dex-upload-server sweep</c>: one sweep by hand, or with <c>--dry-run</c> only its numbers.</summary>
internal static class SweepCommand
{
    /// <returns>The exit code: 0 when it went through, 1 when it was refused or something could not be removed.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, CommandLine commandLine, TextWriter output, CancellationToken cancellationToken)
    {
        if (commandLine.DryRun)
            return await CountAsync(services.GetRequiredService<SweepSurvey>(), output, cancellationToken);

        try
        {
            if (IsInUse(services.GetRequiredService<IStoreGuard>()))
                return Refuse(output);
            var report = await services.GetRequiredService<Sweeper>().RunAsync(dryRun: false, services.GetRequiredService<IStoreGuard>(), cancellationToken);
            report.Write(output);
            return report.Failed == 0 ? 0 : 1;
        }
        catch (StoreInUseException)
        {
            return Refuse(output);
        }
    }

    // Asked again before each removal, so that a server that starts meanwhile need not wait; but not even the ledger is opened beside one.
    private static bool IsInUse(IStoreGuard guard)
    {
        using var alone = guard.TryExcludeServers();
        return alone is null;
    }

    // Not by way of the sweeper: that opens the ledger, which may be a running server's.
    private static async Task<int> CountAsync(SweepSurvey survey, TextWriter output, CancellationToken cancellationToken)
    {
        var report = new SweepReport();
        await foreach (var finding in survey.FindAsync(cancellationToken))
            report.Add(finding);
        report.Write(output);
        await output.WriteLineAsync("dry run: nothing was removed");
        return 0;
    }

    private static int Refuse(TextWriter output)
    {
        output.WriteLine("A server runs on these uploads (or, in a bucket, may run somewhere); it sweeps by itself if UPLOAD_SWEEP_INTERVAL is set. Stop it first, or count with --dry-run.");
        return 1;
    }
}
