using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>What a failed answer of SNS or SQS means.</summary>
internal static class AwsAnswers
{
    /// <summary>From a status and the code of the answer.</summary>
    public static BrokerException Failure(int status, string code, Exception? inner = null)
    {
        var failure = Classify(status, code);
        var text = code.Length > 0 ? code : $"status {status}";
        return new BrokerException($"{Describe(failure)} ({text})", inner!) { Failure = failure };
    }

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
