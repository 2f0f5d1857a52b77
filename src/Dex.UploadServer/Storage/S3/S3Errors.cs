using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Xml;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The SDK's failures in the words of the house; the one place that knows them.</summary>
internal static class S3Errors
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(5);

    /// <summary>Whether it is the SDK's or the network's. What a caller asked for, and what is a fault of ours, is neither.</summary>
    public static bool IsForeign(Exception error, CancellationToken cancellationToken) => error switch
    {
        StoreCallException => false,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => error is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or SocketException or WebException or XmlException,
    };

    public static StoreCallException Translate(Exception error) => error switch
    {
        AmazonServiceException answered when (int)answered.StatusCode != 0 => OfAnswer(answered),
        AmazonClientException or AmazonServiceException when !IsBroken(error) =>
            new StoreCallException("no usable AWS credentials", error) { Failure = StoreFailure.NotSignedIn },
        _ => new StoreCallException("the store cannot be reached or broke the call off", error),
    };

    private static StoreCallException OfAnswer(AmazonServiceException error)
    {
        var failure = Classify(error.ErrorCode ?? "", error.StatusCode);
        var code = error.ErrorCode is { Length: > 0 } text ? text : ((int)error.StatusCode).ToString(CultureInfo.InvariantCulture);
        return new StoreCallException($"{Describe(failure)} ({code})", error)
        {
            Failure = failure,
            RetryAfter = failure == StoreFailure.Throttled ? RetryAfter(error) : TimeSpan.Zero,
        };
    }

    private static StoreFailure Classify(string code, HttpStatusCode status) => code switch
    {
        "NoSuchBucket" => StoreFailure.NoBucket,
        "NoSuchUpload" => StoreFailure.NoMultipartUpload,
        "NoSuchKey" => StoreFailure.NotFound,
        "SlowDown" or "Throttling" or "ThrottlingException" or "TooManyRequests" or "RequestLimitExceeded" or "BandwidthLimitExceeded" => StoreFailure.Throttled,
        "ExpiredToken" or "TokenRefreshRequired" or "RequestTimeTooSkewed" => StoreFailure.NotSignedIn,
        "InvalidToken" => StoreFailure.Denied,
        "RequestTimeout" or "InternalError" or "OperationAborted" => StoreFailure.Unavailable,
        "ConditionalRequestConflict" => StoreFailure.ConditionFailed,
        _ => Classify(status),
    };

    private static StoreFailure Classify(HttpStatusCode status) => status switch
    {
        HttpStatusCode.NotFound => StoreFailure.NotFound,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => StoreFailure.Denied,
        HttpStatusCode.PreconditionFailed or HttpStatusCode.NotModified => StoreFailure.ConditionFailed,
        HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => StoreFailure.Throttled,
        HttpStatusCode.NotImplemented => StoreFailure.Refused,
        HttpStatusCode.RequestTimeout => StoreFailure.Unavailable,
        < (HttpStatusCode)300 or >= HttpStatusCode.InternalServerError => StoreFailure.Unavailable, // 200 may carry an error
        _ => StoreFailure.Refused,
    };

    private static string Describe(StoreFailure failure) => failure switch
    {
        StoreFailure.NotFound => "no such object",
        StoreFailure.NoBucket => "no such bucket",
        StoreFailure.NoMultipartUpload => "no such multipart upload",
        StoreFailure.Denied => "access denied",
        StoreFailure.NotSignedIn => "credentials have expired, or the clock is wrong",
        StoreFailure.ConditionFailed => "changed by somebody else",
        StoreFailure.Refused => "refused",
        StoreFailure.Throttled => "the store is busy",
        _ => "the store failed",
    };

    // What the SDK wraps and what it throws itself look alike; only the inside tells.
    private static bool IsBroken(Exception error)
    {
        for (var inner = error.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is IOException or HttpRequestException or OperationCanceledException or WebException)
                return true;
        }

        return false;
    }

    private static TimeSpan RetryAfter(AmazonServiceException error)
    {
        if (error.InnerException is not HttpErrorResponseException { Response: { } response }
            || !response.IsHeaderPresent("Retry-After")
            || !int.TryParse(response.GetHeaderValue("Retry-After"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.Zero;
        var wait = TimeSpan.FromSeconds(seconds);
        return wait < s_longestWait ? wait : s_longestWait;
    }
}
