using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Says at start whether the bucket of uploads can be used. It is not made, and the server starts without it: it may come back (spec: reliability.md U10, E1).</summary>
internal sealed partial class S3Startup(S3Connections connections, IOptions<S3Options> options, ILogger<S3Startup> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var bucket = options.Value.Bucket!; // validated
        if (await S3Bucket.FindProblemAsync(connections.Store, bucket, stoppingToken) is { } problem)
            LogUnusable(bucket, problem);
    }

    [LoggerMessage(LogLevel.Error, "upload bucket cannot be used now {bucket}{error}")]
    private partial void LogUnusable(string bucket, string error);
}
