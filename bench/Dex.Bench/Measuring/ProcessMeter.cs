using System.Globalization;
using Dex.Bench.Load;

namespace Dex.Bench.Measuring;

/// <summary>What the kernel knows of a process that is measured.</summary>
internal sealed class ProcessMeter(int processId)
{
    private const int QuietLooks = 3;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan QuietWork = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public TimeSpan ProcessorTime => Kernel.ProcessorTime(processId);

    public long ResidentBytes => StatusKibibytes("VmRSS:") * 1024;

    /// <summary>Most resident memory since the last <see cref="ResetPeak"/>; where that is not allowed, since the start.</summary>
    public long PeakResidentBytes => StatusKibibytes("VmHWM:") * 1024;

    public void ResetPeak()
    {
        try
        {
            File.WriteAllText($"/proc/{processId}/clear_refs", "5");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // Then the peak is that of the whole run.
        }
    }

    /// <summary>Waits until the process rests, so that work which follows an answer is counted, too.</summary>
    public void WaitUntilQuiet()
    {
        var quiet = 0;
        var before = ProcessorTime;
        for (var waited = TimeSpan.Zero; quiet < QuietLooks && waited < Patience; waited += Look)
        {
            Thread.Sleep(Look); // nothing tells when another process comes to rest: it is looked at now and then
            var now = ProcessorTime;
            quiet = now - before < QuietWork ? quiet + 1 : 0;
            before = now;
        }
    }

    private long StatusKibibytes(string name)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line[name.Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}
