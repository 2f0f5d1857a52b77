using System.Collections;
using System.Diagnostics;

namespace Dex.Testing;

/// <summary>Real services, shared by all tests of an assembly: those that the test run has started already, else some of its own, started when first asked for.</summary>
/// <remarks>An assembly fixture. The addresses are the variables that <c>tests/services/services.sh</c> prints.</remarks>
public sealed class TestServices : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly Lazy<Task<IReadOnlyDictionary<string, string>>> _addresses;
    private Process? _process;

    public TestServices() => _addresses = new(FindAsync);

    /// <summary>Where the services are, by variable name.</summary>
    /// <exception cref="InvalidOperationException">They cannot be started here; the message says why.</exception>
    public Task<IReadOnlyDictionary<string, string>> AddressesAsync() => _addresses.Value;

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close(); // that is how they know
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<IReadOnlyDictionary<string, string>> FindAsync()
    {
        var given = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("TEST_", StringComparison.Ordinal))
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "", StringComparer.Ordinal);
        return given.ContainsKey("TEST_S3_ENDPOINT") ? given : await StartAsync();
    }

    private async Task<IReadOnlyDictionary<string, string>> StartAsync()
    {
        var script = Path.Combine(SourceTree.Root, "tests", "services", "services.sh");
        _process = Process.Start(new ProcessStartInfo("bash", [script, "run", "s3", "azure", "sns-sqs"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var complaints = _process.StandardError.ReadToEndAsync();
        var addresses = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await _process.StandardOutput.ReadLineAsync().WaitAsync(StartLimit) is { } line)
        {
            if (line == "ready")
                return addresses;
            var name = line[..line.IndexOf('=', StringComparison.Ordinal)];
            addresses[name] = line[(name.Length + 1)..];
        }

        throw new InvalidOperationException($"The services did not start: {(await complaints).Trim()}");
    }
}
