using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>What one client may cost before it has said what it wants (spec: reliability.md 9, tus.md H6, BR5).</summary>
/// <remarks>There is no limit on the size of a body and no minimum rate: slow honest senders are never cut.</remarks>
internal sealed class ConnectionLimitOptions
{
    /// <summary>Longest request line, bytes, 1024 to 65536. Default 8192. <c>SERVER_REQUEST_LINE_MAX_BYTES</c></summary>
    public int RequestLineBytes { get; set; } = 8 * 1024;

    /// <summary>All headers of a request together, bytes, 65536 to 1048576. Default 131072. <c>SERVER_HEADERS_MAX_BYTES</c></summary>
    public int HeadersBytes { get; set; } = 128 * 1024;

    /// <summary>Headers of a request, 20 to 10000. Default 200. <c>SERVER_HEADERS_MAX_COUNT</c></summary>
    public int HeadersCount { get; set; } = 200;

    /// <summary>Time for a request's head to arrive, 1 to 30 seconds. Default 15. <c>SERVER_HEADERS_TIMEOUT</c></summary>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Idle time after which an open connection is closed, 60 to 3600 seconds: senders pause for a minute. Default 75. <c>SERVER_KEEP_ALIVE_TIMEOUT</c></summary>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(75);

    /// <summary>Connections open at the same time, 1 or more; those beyond are closed at once. Default 10000. <c>SERVER_MAX_CONNECTIONS</c></summary>
    public int Connections { get; set; } = 10_000;

    public static void Read(ConnectionLimitOptions options, EnvironmentReader env)
    {
        options.RequestLineBytes = env.Integer("SERVER_REQUEST_LINE_MAX_BYTES", options.RequestLineBytes);
        options.HeadersBytes = env.Integer("SERVER_HEADERS_MAX_BYTES", options.HeadersBytes);
        options.HeadersCount = env.Integer("SERVER_HEADERS_MAX_COUNT", options.HeadersCount);
        options.HeadersTimeout = env.Seconds("SERVER_HEADERS_TIMEOUT", options.HeadersTimeout);
        options.KeepAliveTimeout = env.Seconds("SERVER_KEEP_ALIVE_TIMEOUT", options.KeepAliveTimeout);
        options.Connections = env.Integer("SERVER_MAX_CONNECTIONS", options.Connections);
    }
}

internal sealed class ConnectionLimitOptionsValidator : IValidateOptions<ConnectionLimitOptions>
{
    public ValidateOptionsResult Validate(string? name, ConnectionLimitOptions options)
    {
        var problems = new List<string>();
        Check("SERVER_REQUEST_LINE_MAX_BYTES", options.RequestLineBytes, 1024, 64 * 1024);
        Check("SERVER_HEADERS_MAX_BYTES", options.HeadersBytes, 64 * 1024, 1024 * 1024);
        Check("SERVER_HEADERS_MAX_COUNT", options.HeadersCount, 20, 10_000);
        Check("SERVER_HEADERS_TIMEOUT", (long)options.HeadersTimeout.TotalSeconds, 1, 30);
        Check("SERVER_KEEP_ALIVE_TIMEOUT", (long)options.KeepAliveTimeout.TotalSeconds, 60, 3600);
        Check("SERVER_MAX_CONNECTIONS", options.Connections, 1, int.MaxValue);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Check(string variable, long value, long least, long most)
        {
            if (value < least || value > most)
                problems.Add($"{variable} is {value}; it must be from {least} to {most}.");
        }
    }
}
