using System.Net;
using System.Text.RegularExpressions;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>What a failed answer of Service Bus means.</summary>
internal static partial class ServiceBusAnswers
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(5);

    /// <summary>Whether it was refused for want of the right to manage, and of nothing else.</summary>
    public static bool IsForManagersOnly(HttpStatusCode status, string body) =>
        status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden && !TokenFault().IsMatch(body);

    /// <param name="entity">For people.</param>
    /// <param name="isAboutLock">Whether the call was about one message that was received.</param>
    public static BrokerException Failure(HttpResponseMessage answer, string body, ServiceBusEntity entity, bool isAboutLock)
    {
        var status = (int)answer.StatusCode;
        var (failure, text) = Classify(status, body, entity, isAboutLock);
        var code = SubCode().Match(body) is { Success: true } match ? $"{status}, {match.Value}" : $"{status}";
        return new BrokerException($"{text} ({code})") { Failure = failure, RetryAfter = RetryAfter(answer) };
    }

    private static (BrokerFailure Failure, string Text) Classify(int status, string body, ServiceBusEntity entity, bool isAboutLock) => status switch
    {
        404 or 410 when isAboutLock && !IsMissingEntity(status, body) => (BrokerFailure.LockLost, "the lock of the message is lost"),
        404 or 410 => (BrokerFailure.NotFound, $"there is no {entity.Kind} {entity.Name}"),
        401 when body.Contains("ExpiredToken", StringComparison.OrdinalIgnoreCase) => (BrokerFailure.Denied, "access denied: the token has expired, or the clocks differ"),
        401 when TokenFault().IsMatch(body) => (BrokerFailure.Denied, "access denied: the key is not the right one"),
        // A full entity is said to be forbidden; it may be emptied.
        403 when body.Contains("quota", StringComparison.OrdinalIgnoreCase) => (BrokerFailure.Unavailable, $"the {entity.Kind} {entity.Name} is full"),
        401 or 403 => (BrokerFailure.Denied, "access denied: the key or identity is wrong, or lacks the right"),
        429 => (BrokerFailure.Unavailable, "the broker asks for fewer calls"),
        503 => (BrokerFailure.Unavailable, "the broker is busy"),
        413 => (BrokerFailure.Refused, "the message is too large"),
        408 or < 400 or >= 500 => (BrokerFailure.Unavailable, "the broker failed"),
        _ => (BrokerFailure.Refused, "the broker refused the call"),
    };

    // 410 is the entity; 404 is the message, or the lock.
    private static bool IsMissingEntity(int status, string body) => status == 410 && !body.Contains("lock", StringComparison.OrdinalIgnoreCase);

    private static TimeSpan RetryAfter(HttpResponseMessage answer)
    {
        var asked = answer.Headers.RetryAfter switch
        {
            { Delta: { } wait } => wait,
            { Date: { } moment } => moment - (answer.Headers.Date ?? moment),
            _ => TimeSpan.Zero,
        };
        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked < s_longestWait ? asked : s_longestWait;
    }

    [GeneratedRegex("InvalidSignature|MalformedToken|ExpiredToken|InvalidAudience|InvalidIssuer|MissingToken|40103|invalid authorization token", RegexOptions.IgnoreCase)]
    private static partial Regex TokenFault();

    [GeneratedRegex("SubCode=[0-9]+")]
    private static partial Regex SubCode();
}
