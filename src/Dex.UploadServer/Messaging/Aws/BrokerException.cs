namespace Dex.UploadServer.Messaging.Aws;

/// <summary>Why a call to SNS or SQS failed.</summary>
internal enum BrokerFailure
{
    /// <summary>No such topic, queue or subscription.</summary>
    NotFound,

    /// <summary>Wrong or missing credentials, or no permission.</summary>
    Denied,

    /// <summary>The call is wrong in itself; the same call will always be.</summary>
    Refused,

    /// <summary>Not reached, broken off, throttled, or failed inside: the call may have happened or not.</summary>
    Unavailable,
}

/// <summary>A call to SNS or SQS that failed. The message is for people and names no address.</summary>
internal sealed class BrokerException : IOException
{
    public BrokerException() { }
    public BrokerException(string message) : base(message) { }
    public BrokerException(string message, Exception innerException) : base(message, innerException) { }

    public BrokerFailure Failure { get; init; } = BrokerFailure.Unavailable;

    /// <summary>From a status and the code of the answer.</summary>
    public static BrokerException OfAnswer(int status, string code, Exception? inner = null)
    {
        var failure = Classify(status, code);
        var text = code.Length > 0 ? code : $"status {status}";
        return new BrokerException($"{Describe(failure)} ({text})", inner!) { Failure = failure };
    }

    public static BrokerException Unreachable(Exception inner) => new("the broker cannot be reached or broke the call off", inner);

    private static BrokerFailure Classify(int status, string code)
    {
        if (code.Contains("NotFound", StringComparison.Ordinal) || code.Contains("NonExistent", StringComparison.Ordinal) || code.Contains("DoesNotExist", StringComparison.Ordinal))
            return BrokerFailure.NotFound;
        if (code.Contains("Throttl", StringComparison.Ordinal) || code is "OverLimit" or "KmsThrottled" or "RequestLimitExceeded")
            return BrokerFailure.Unavailable;
        return status switch
        {
            404 => BrokerFailure.NotFound,
            401 or 403 => BrokerFailure.Denied,
            429 or < 400 or >= 500 => BrokerFailure.Unavailable,
            _ when code is "AccessDenied" or "AccessDeniedException" or "ExpiredToken" or "InvalidClientTokenId" or "UnrecognizedClientException" or "InvalidSecurity" => BrokerFailure.Denied,
            _ => BrokerFailure.Refused,
        };
    }

    private static string Describe(BrokerFailure failure) => failure switch
    {
        BrokerFailure.NotFound => "no such topic or queue",
        BrokerFailure.Denied => "access denied",
        BrokerFailure.Refused => "refused",
        _ => "the broker failed",
    };
}
