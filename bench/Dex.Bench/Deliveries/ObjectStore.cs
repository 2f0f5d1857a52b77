using System.Diagnostics;
using Amazon.Runtime;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Microsoft.Extensions.Options;

namespace Dex.Bench.Deliveries;

/// <summary>The S3 server of the tests, and before it, as a process of its own, a proxy that makes it slow to answer.</summary>
internal sealed class ObjectStore : IDisposable
{
    public const string Bucket = "bench";

    private readonly Process _services;
    private readonly Process _proxy;

    private ObjectStore(Process services, Process proxy, S3Connection connection, IReadOnlyDictionary<string, string> variables) =>
        (_services, _proxy, Connection, Variables) = (services, proxy, connection, variables);

    public S3Connection Connection { get; }

    /// <summary>Those of a server that keeps its uploads in the bucket.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; }

    /// <exception cref="InvalidOperationException">The server cannot be started.</exception>
    public static ObjectStore Start(TimeSpan latency)
    {
        var script = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../tests/services/services.sh"));
        var services = Process.Start(new ProcessStartInfo("bash", [script, "run", "s3"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var addresses = new Dictionary<string, string>(StringComparer.Ordinal);
        while (services.StandardOutput.ReadLine() is { } line && line != "ready")
            addresses[line[..line.IndexOf('=', StringComparison.Ordinal)]] = line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..];
        if (addresses.Count == 0)
            throw new InvalidOperationException($"{script} did not start the S3 server.");

        string[] arguments = ["serve", "latency", "--target", addresses["TEST_S3_ENDPOINT"], "--milliseconds", $"{latency.TotalMilliseconds}"];
        var proxy = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true })!;
        var port = proxy.StandardOutput.ReadLine()?.Split(' ')[^1] ?? throw new InvalidOperationException("the proxy did not start");

        var calls = new StoreCallOptions();
        var retry = new StoreRetry(Options.Create(calls), TimeProvider.System, Random.Shared.NextDouble);
        var key = new BasicAWSCredentials(addresses["TEST_S3_ACCESS_KEY"], addresses["TEST_S3_SECRET_KEY"]);
        var connection = new S3Connection(new S3Account(new Uri($"http://127.0.0.1:{port}"), S3Account.FallbackRegion), () => key, calls, retry, TimeProvider.System);
        return new ObjectStore(services, proxy, connection, new Dictionary<string, string>
        {
            ["S3_ENDPOINT"] = $"http://127.0.0.1:{port}",
            ["S3_BUCKET_NAME"] = Bucket,
            ["AWS_REGION"] = S3Account.FallbackRegion,
            ["AWS_ACCESS_KEY_ID"] = addresses["TEST_S3_ACCESS_KEY"],
            ["AWS_SECRET_ACCESS_KEY"] = addresses["TEST_S3_SECRET_KEY"],
        });
    }

    public async Task MakeBucketAsync() => await Connection.RepeatAsync((client, token) => client.PutBucketAsync(Bucket, token), CancellationToken.None);

    public async Task RemoveAsync(string key) => await Connection.RepeatAsync((client, token) => client.DeleteObjectAsync(Bucket, key, token), CancellationToken.None);

    public void Dispose()
    {
        Connection.Dispose();
        _proxy.Kill();
        _services.StandardInput.Close(); // that is how they know
        _services.WaitForExit();
        _proxy.Dispose();
        _services.Dispose();
    }
}
