using System.Diagnostics;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.Bench.Deliveries;

/// <summary>The blob service of the tests, and before it, as a process of its own, a proxy that makes it slow to answer. It frees no memory: take a new one for each delivery.</summary>
internal sealed class BlobStore : IDisposable
{
    private readonly Process _services;
    private readonly Process _proxy;

    private BlobStore(Process services, Process proxy, AzureConnection connection) => (_services, _proxy, Connection) = (services, proxy, connection);

    public AzureConnection Connection { get; }

    public AzureContainer Container => Connection.Container("bench");

    /// <exception cref="InvalidOperationException">The service cannot be started.</exception>
    public static async Task<BlobStore> StartAsync(TimeSpan latency)
    {
        var script = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../tests/services/services.sh"));
        var services = Process.Start(new ProcessStartInfo("bash", [script, "run", "azure"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var addresses = new Dictionary<string, string>(StringComparer.Ordinal);
        while (services.StandardOutput.ReadLine() is { } line && line != "ready")
            addresses[line[..line.IndexOf('=', StringComparison.Ordinal)]] = line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..];
        if (addresses.Count == 0)
            throw new InvalidOperationException($"{script} did not start the blob service.");

        var endpoint = new Uri(addresses["TEST_AZURE_ENDPOINT"]);
        string[] arguments = ["serve", "latency", "--target", endpoint.GetLeftPart(UriPartial.Authority), "--milliseconds", $"{latency.TotalMilliseconds}"];
        var proxy = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true })!;
        var port = proxy.StandardOutput.ReadLine()?.Split(' ')[^1] ?? throw new InvalidOperationException("the proxy did not start");

        var calls = new StoreCallOptions();
        var retry = new StoreRetry(Options.Create(calls), TimeProvider.System, Random.Shared.NextDouble);
        var key = new AzureSignIn.SharedKey(addresses["TEST_AZURE_ACCOUNT"], new Secret(addresses["TEST_AZURE_KEY"]));
        var store = new BlobStore(services, proxy, new AzureConnection(new AzureAccess(new Uri($"http://127.0.0.1:{port}{endpoint.AbsolutePath}"), key), calls, retry, TimeProvider.System));
        await store.Container.EnsureAsync(CancellationToken.None);
        return store;
    }

    public void Dispose()
    {
        Connection.Dispose();
        _proxy.Kill();
        _services.StandardInput.Close(); // that is how it knows
        _services.WaitForExit();
        _proxy.Dispose();
        _services.Dispose();
    }
}
