using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>How long the server takes to stop (spec: reliability.md 9, 12).</summary>
internal sealed class ShutdownOptions
{
    /// <summary>From the signal to the end of the process, 2 to 300 seconds. Default 10. <c>SERVER_SHUTDOWN_TIMEOUT</c></summary>
    public TimeSpan Limit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What requests in progress get of it: half, so that deliveries have time left.</summary>
    public TimeSpan RequestsLimit => Limit / 2;

    /// <summary>What all services together get of it: a tenth less, so that logs and the ledger can still be closed.</summary>
    public TimeSpan ServicesLimit => Limit * 0.9;

    public static void Read(ShutdownOptions options, EnvironmentReader env) =>
        options.Limit = env.Seconds("SERVER_SHUTDOWN_TIMEOUT", options.Limit);
}

internal sealed class ShutdownOptionsValidator : IValidateOptions<ShutdownOptions>
{
    public ValidateOptionsResult Validate(string? name, ShutdownOptions options) =>
        options.Limit.TotalSeconds is >= 2 and <= 300
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"SERVER_SHUTDOWN_TIMEOUT is {(long)options.Limit.TotalSeconds}; it must be from 2 to 300.");
}
