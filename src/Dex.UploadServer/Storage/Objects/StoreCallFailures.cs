using System.Diagnostics.Metrics;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Tells of calls to object stores that failed, those that were tried again included (spec: reliability.md 13).</summary>
internal sealed partial class StoreCallFailures
{
    private readonly Counter<long> _failures;
    private readonly ILogger _logger;

    public StoreCallFailures(IMeterFactory meters, ILogger<StoreCallFailures> logger)
    {
        _logger = logger;
        _failures = meters.Create("Dex.Storage")
            .CreateCounter<long>("dex_server_store_call_failures_total", unit: null, "Number of calls to object stores that failed, by store and kind");
    }

    /// <param name="store">Which kind of store, as metrics name it.</param>
    public void Tell(string store, StoreCallException failure)
    {
        // These are answers that callers ask for.
        if (failure.Failure is StoreFailure.NotFound or StoreFailure.NoMultipartUpload or StoreFailure.ConditionFailed)
            return;
        var kind = NameOf(failure.Failure);
        _failures.Add(1, new KeyValuePair<string, object?>("store", store), new KeyValuePair<string, object?>("failure", kind));
        LogFailed(store, kind, failure.Message, failure.InnerException?.Message);
    }

    private static string NameOf(StoreFailure failure) => failure switch
    {
        StoreFailure.NoBucket => "no_bucket",
        StoreFailure.Denied => "denied",
        StoreFailure.NotSignedIn => "not_signed_in",
        StoreFailure.Throttled => "throttled",
        StoreFailure.Unavailable => "unavailable",
        _ => "refused",
    };

    [LoggerMessage(LogLevel.Warning, "call to the object store failed {store}{failure}{error}{detail}")]
    private partial void LogFailed(string store, string failure, string error, string? detail);
}
