using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Patience with object stores, and how many connections each may take (spec: reliability.md 6, 9).</summary>
internal sealed class StoreCallOptions
{
    /// <summary>Longest time to open a connection. Default 5 s. <c>STORE_CONNECT_TIMEOUT</c></summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time in which no byte of a call moves. Default 30 s. <c>STORE_PROGRESS_TIMEOUT</c></summary>
    public TimeSpan ProgressTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a call that failed is tried again within one request; 0 for not at all. Default 20 s. <c>STORE_RETRY_TIME</c></summary>
    public TimeSpan RetryWindow { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Connections to one store at the same time. Default 256. <c>STORE_MAX_CONNECTIONS</c></summary>
    public int MaxConnections { get; set; } = 256;

    public static void Read(StoreCallOptions options, EnvironmentReader env)
    {
        options.ConnectTimeout = env.Seconds("STORE_CONNECT_TIMEOUT", options.ConnectTimeout);
        options.ProgressTimeout = env.Seconds("STORE_PROGRESS_TIMEOUT", options.ProgressTimeout);
        options.RetryWindow = env.Seconds("STORE_RETRY_TIME", options.RetryWindow);
        options.MaxConnections = env.Integer("STORE_MAX_CONNECTIONS", options.MaxConnections);
    }
}

internal sealed class StoreCallOptionsValidator : IValidateOptions<StoreCallOptions>
{
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    public ValidateOptionsResult Validate(string? name, StoreCallOptions options)
    {
        List<string> problems = [];
        if (options.ConnectTimeout < TimeSpan.FromSeconds(1) || options.ConnectTimeout > s_longest)
            problems.Add("STORE_CONNECT_TIMEOUT must be 1 to 3600 seconds.");
        if (options.ProgressTimeout < TimeSpan.FromSeconds(1) || options.ProgressTimeout > s_longest)
            problems.Add("STORE_PROGRESS_TIMEOUT must be 1 to 3600 seconds.");
        if (options.RetryWindow < TimeSpan.Zero || options.RetryWindow > s_longest)
            problems.Add("STORE_RETRY_TIME must be 0 to 3600 seconds.");
        if (options.MaxConnections < 1)
            problems.Add($"STORE_MAX_CONNECTIONS is {options.MaxConnections}; it must be 1 or more.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
