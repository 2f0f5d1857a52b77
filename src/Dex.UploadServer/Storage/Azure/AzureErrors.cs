using System.Globalization;
using System.Net.Sockets;
using System.Xml;
using Azure;
using Azure.Identity;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The SDK's failures in the words of the house; the one place that knows them.</summary>
internal static class AzureErrors
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(5);

    /// <summary>Whether it is the SDK's or the network's. What a caller asked for, and what is a fault of ours, is neither.</summary>
    public static bool IsForeign(Exception error, CancellationToken cancellationToken) => error switch
    {
        StoreCallException => false,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        AggregateException several => several.InnerExceptions.All(inner => IsForeign(inner, cancellationToken)),
        _ => error is RequestFailedException or AuthenticationFailedException or HttpRequestException or IOException or SocketException or XmlException or BrokenAnswerException,
    };

    /// <param name="hasExpired">Whether the SAS in use is past its end, which the service says in the same words as a wrong key.</param>
    public static StoreCallException Translate(Exception error, bool hasExpired) => error switch
    {
        AggregateException { InnerExceptions: [.., var last] } => Translate(last, hasExpired),
        RequestFailedException { Status: > 0 } answered => OfAnswer(answered, hasExpired),
        AuthenticationFailedException when !IsBroken(error) =>
            new StoreCallException("no usable Azure credentials", Plain(error)) { Failure = StoreFailure.NotSignedIn },
        _ => new StoreCallException("the store cannot be reached or broke the call off", Plain(error)),
    };

    private static StoreCallException OfAnswer(RequestFailedException error, bool hasExpired)
    {
        var code = error.ErrorCode is { Length: > 0 } text ? text : error.Status.ToString(CultureInfo.InvariantCulture);
        var (failure, words) = Classify(code, error.Status);
        if (failure == StoreFailure.Denied && hasExpired)
            (failure, words) = (StoreFailure.NotSignedIn, "the SAS has expired");
        return new StoreCallException($"{words} ({code})", Plain(error))
        {
            Failure = failure,
            RetryAfter = failure == StoreFailure.Throttled ? RetryAfter(error) : TimeSpan.Zero,
        };
    }

    private static (StoreFailure Failure, string Words) Classify(string code, int status) => code switch
    {
        "ContainerNotFound" => (StoreFailure.NoBucket, "no such container"),
        "ContainerBeingDeleted" => (StoreFailure.NoBucket, "the container is being deleted"),
        "ContainerDisabled" or "AccountIsDisabled" => (StoreFailure.Denied, "disabled"),
        "BlobNotFound" or "ResourceNotFound" => (StoreFailure.NotFound, "no such blob"),
        "AuthenticationFailed" => (StoreFailure.Denied, "access denied: wrong key or SAS, or a wrong clock"),
        "NoAuthenticationInformation" => (StoreFailure.Denied, "access denied without credentials"),
        "InvalidAuthenticationInfo" => (StoreFailure.NotSignedIn, "credentials have expired, or are of another tenant"),
        "InvalidBlockList" => (StoreFailure.NoMultipartUpload, "no such blocks"),
        "BlobAlreadyExists" or "ContainerAlreadyExists" => (StoreFailure.ConditionFailed, "is there already"),
        "CannotVerifyCopySource" => (StoreFailure.Refused, "the store cannot read the source"),
        "Md5Mismatch" or "Crc64Mismatch" => (StoreFailure.Unavailable, "the content was damaged on its way"),
        "OperationTimedOut" or "InternalError" => (StoreFailure.Unavailable, "the store failed"),
        "ServerBusy" => (StoreFailure.Throttled, "the store is busy"),
        _ => Classify(status),
    };

    private static (StoreFailure Failure, string Words) Classify(int status) => status switch
    {
        404 => (StoreFailure.NotFound, "no such blob"),
        401 or 403 => (StoreFailure.Denied, "access denied"),
        304 or 412 => (StoreFailure.ConditionFailed, "changed or locked by somebody else"),
        429 or 503 => (StoreFailure.Throttled, "the store is busy"),
        408 or < 300 or (>= 500 and not 501) => (StoreFailure.Unavailable, "the store failed"),
        _ => (StoreFailure.Refused, "refused"),
    };

    // What the SDK says of an answer goes on with all its headers and its body, which can repeat the signature of a SAS.
    private static IOException Plain(Exception error) => new(error is RequestFailedException ? error.Message.Split('\n', 2)[0].Trim() : Innermost(error).Message);

    private static Exception Innermost(Exception error)
    {
        while (error.InnerException is { } inner)
            error = inner;
        return error;
    }

    // Whether the way to the credentials was broken, not the credentials.
    private static bool IsBroken(Exception error)
    {
        for (var inner = error.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is HttpRequestException or SocketException or OperationCanceledException or RequestFailedException { Status: 0 or 429 or >= 500 })
                return true;
        }

        return false;
    }

    private static TimeSpan RetryAfter(RequestFailedException error)
    {
        if (error.GetRawResponse() is not { } response
            || !response.Headers.TryGetValue("Retry-After", out var value)
            || !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.Zero;
        var wait = TimeSpan.FromSeconds(seconds);
        return wait < s_longestWait ? wait : s_longestWait;
    }
}
