using System.Diagnostics.CodeAnalysis;
using Amazon;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>The name of a topic or queue, and where it is.</summary>
internal sealed record AwsArn(string Text, string Region, string Account, string Resource)
{
    /// <summary>Whether <paramref name="text"/> names a resource of the service, with region and account.</summary>
    public static bool TryParse(string? text, string service, [NotNullWhen(true)] out AwsArn? arn)
    {
        arn = text is not null && Arn.TryParse(text, out var parsed) && parsed.Service == service
            && parsed is { Region.Length: > 0, AccountId.Length: > 0, Resource.Length: > 0 } && !parsed.Resource.Contains(':', StringComparison.Ordinal)
            ? new AwsArn(text, parsed.Region, parsed.AccountId, parsed.Resource)
            : null;
        return arn is not null;
    }

    /// <exception cref="FormatException">It is none; the start has refused it.</exception>
    public static AwsArn Parse(string text, string service) =>
        TryParse(text, service, out var arn) ? arn : throw new FormatException("given arn is not an arn");
}
