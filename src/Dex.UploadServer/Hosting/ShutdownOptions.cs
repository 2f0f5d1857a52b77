namespace Dex.UploadServer.Hosting;

/// <summary>How long the server takes to stop (spec: reliability.md 9, 12).</summary>
internal sealed class ShutdownOptions
{
    private static readonly TimeSpan Default = TimeSpan.FromSeconds(10);

    /// <summary>From the signal to the end of the process, 2 to 300 seconds. Default 10. <c>SERVER_SHUTDOWN_TIMEOUT</c></summary>
    public TimeSpan Limit { get; set; } = Default;

    /// <summary>What requests in progress get of it: half, so that deliveries have time left.</summary>
    public TimeSpan RequestsLimit => Limit / 2;

    /// <summary>What all services together get of it: a tenth less, so that logs and the ledger can still be closed.</summary>
    public TimeSpan ServicesLimit => Limit * 0.9;

    /// <remarks>Complains itself instead of through a validator: the host needs these options before anything is validated.</remarks>
    public static void Read(ShutdownOptions options, EnvironmentReader env)
    {
        var limit = env.Seconds("SERVER_SHUTDOWN_TIMEOUT", Default);
        if (limit.TotalSeconds is >= 2 and <= 300)
            options.Limit = limit;
        else
            env.Complain($"SERVER_SHUTDOWN_TIMEOUT is {(long)limit.TotalSeconds}; it must be from 2 to 300.");
    }
}
