using System.Diagnostics;
using System.Text;

namespace Dex.Testing;

/// <summary>A program that was run to its end, within a bounded time.</summary>
public sealed record ProcessRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Runs a program; kills it, children included, when it takes longer than <paramref name="limit"/>.</summary>
    public static async Task<ProcessRun> StartAsync(
        string program, IEnumerable<string> arguments, TimeSpan limit, CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? environment = null, string? workingDirectory = null)
    {
        using var process = new Process { StartInfo = Start(program, arguments, workingDirectory) };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            process.StartInfo.Environment[name] = value;
        process.Start();
        process.StandardInput.Close();

        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limited.Token);
            var errors = process.StandardError.ReadToEndAsync(limited.Token);
            await process.WaitForExitAsync(limited.Token);
            return new ProcessRun(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within {limit}.");
        }
    }

    /// <summary>As <see cref="StartAsync"/>; anything but exit code 0 is an exception that shows what the program printed.</summary>
    public static async Task<string> SucceedAsync(string program, IEnumerable<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        var run = await StartAsync(program, arguments, limit, cancellationToken);
        return run.ExitCode == 0
            ? run.Output
            : throw new InvalidOperationException($"{program} ended with {run.ExitCode}: {run.Errors}{run.Output}");
    }

    private static ProcessStartInfo Start(string program, IEnumerable<string> arguments, string? workingDirectory) => new(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        StandardOutputEncoding = Encoding.UTF8,
        WorkingDirectory = workingDirectory ?? "",
    };
}
