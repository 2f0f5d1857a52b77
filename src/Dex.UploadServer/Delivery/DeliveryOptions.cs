using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>How finished uploads are carried to their targets (spec: config.md 2, reliability.md 4.1).</summary>
internal sealed class DeliveryOptions
{
    /// <summary>Upper bound of <see cref="TargetConcurrency"/>, 1 or more. Default 5. <c>LISTENER_WORKERS</c></summary>
    /// <remarks>There is no bound over all targets: two that hang must not starve a third (spec: reliability.md R5).</remarks>
    public int Workers { get; set; } = 5;

    /// <summary>Deliveries running at once to one target, 1 or more. Default 4. <c>DELIVERY_TARGET_CONCURRENCY</c></summary>
    public int TargetConcurrency { get; set; } = 4;

    /// <summary>Attempts after the first, 0 or more. Default 3. <c>EVENT_MAX_RETRY_COUNT</c></summary>
    public int MaxRetries { get; set; } = 3;

    /// <summary>Wait before the first retry; each later one is five times as long. Default 1000 ms. <c>EVENT_RETRY_BASE_MS</c></summary>
    public TimeSpan RetryBase { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait before a retry. Default 60000 ms. <c>EVENT_RETRY_MAX_MS</c></summary>
    public TimeSpan RetryMax { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest time one attempt may take, in seconds; zero means no bound. Default 0. <c>DELIVERY_TIMEOUT</c></summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.Zero;

    /// <summary>Longest time without a byte moving in an attempt. Default 30 s. <c>DELIVERY_PROGRESS_TIMEOUT</c></summary>
    public TimeSpan ProgressTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long running deliveries may go on when the server stops. Default 4 s. <c>DELIVERY_SHUTDOWN_GRACE</c></summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How often the length of the queue is read. Default 3000 ms. <c>METRICS_POLL_INTERVAL_MILLIS</c></summary>
    public TimeSpan QueuePollInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Deliveries running at once to one target, by both settings.</summary>
    public int Concurrency => Math.Min(Workers, TargetConcurrency);

    public static void Read(DeliveryOptions options, EnvironmentReader env)
    {
        options.Workers = env.Integer("LISTENER_WORKERS", options.Workers);
        options.TargetConcurrency = env.Integer("DELIVERY_TARGET_CONCURRENCY", options.TargetConcurrency);
        options.MaxRetries = env.Integer("EVENT_MAX_RETRY_COUNT", options.MaxRetries);
        options.RetryBase = env.Milliseconds("EVENT_RETRY_BASE_MS", options.RetryBase);
        options.RetryMax = env.Milliseconds("EVENT_RETRY_MAX_MS", options.RetryMax);
        options.Timeout = env.Seconds("DELIVERY_TIMEOUT", options.Timeout);
        options.ProgressTimeout = env.Seconds("DELIVERY_PROGRESS_TIMEOUT", options.ProgressTimeout);
        options.ShutdownGrace = env.Seconds("DELIVERY_SHUTDOWN_GRACE", options.ShutdownGrace);
        options.QueuePollInterval = env.Milliseconds("METRICS_POLL_INTERVAL_MILLIS", options.QueuePollInterval);
    }
}

internal sealed class DeliveryOptionsValidator : IValidateOptions<DeliveryOptions>
{
    public ValidateOptionsResult Validate(string? name, DeliveryOptions options)
    {
        List<string> problems = [];
        AtLeast(1, "LISTENER_WORKERS", options.Workers);
        AtLeast(1, "DELIVERY_TARGET_CONCURRENCY", options.TargetConcurrency);
        AtLeast(0, "EVENT_MAX_RETRY_COUNT", options.MaxRetries);
        AtLeast(0, "EVENT_RETRY_BASE_MS", options.RetryBase.TotalMilliseconds);
        AtLeast(0, "EVENT_RETRY_MAX_MS", options.RetryMax.TotalMilliseconds);
        AtLeast(0, "DELIVERY_TIMEOUT", options.Timeout.TotalSeconds);
        AtLeast(1, "DELIVERY_PROGRESS_TIMEOUT", options.ProgressTimeout.TotalSeconds);
        AtLeast(0, "DELIVERY_SHUTDOWN_GRACE", options.ShutdownGrace.TotalSeconds);
        AtLeast(1, "METRICS_POLL_INTERVAL_MILLIS", options.QueuePollInterval.TotalMilliseconds);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void AtLeast(int least, string variable, double value)
        {
            if (value < least)
                problems.Add($"{variable} is {value}; it must be {least} or more.");
        }
    }
}
