using System.Globalization;
using System.Text.RegularExpressions;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>A signature that somebody else made; it can be used up to its end, and not be renewed.</summary>
internal sealed partial class GivenToken(string text, TimeProvider clock) : IServiceBusTokens
{
    private readonly DateTimeOffset _end = ReadEnd(text);

    public ValueTask<string> GetAsync(CancellationToken cancellationToken) =>
        clock.GetUtcNow() < _end
            ? new(text)
            : throw new BrokerException("access denied (the SharedAccessSignature of the connection string has expired)") { Failure = BrokerFailure.Denied };

    // Without a readable end, the service is to say.
    private static DateTimeOffset ReadEnd(string text) =>
        Expiry().Match(text) is { Success: true } match
        && long.TryParse(match.Groups["seconds"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : DateTimeOffset.MaxValue;

    [GeneratedRegex(@"[&\s]se=(?<seconds>[0-9]+)")]
    private static partial Regex Expiry();
}
