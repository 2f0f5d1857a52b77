using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Tokens signed with a shared key, for one resource; each lives an hour and is replaced when two thirds of it are over.</summary>
internal sealed class SignedTokens(string keyName, string key, Uri resource, TimeProvider clock) : IServiceBusTokens
{
    private static readonly TimeSpan s_life = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_reserve = TimeSpan.FromMinutes(20);

    private volatile Token? _latest;

    private sealed record Token(string Text, DateTimeOffset ExpiresAt);

    public ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var left = _latest?.ExpiresAt - now;
        // Longer than it can be: the clock was put back, and the service would not take that of the future for long.
        if (left is null || left < s_reserve || left > s_life + s_reserve)
            _latest = Sign(now + s_life);
        return new(_latest!.Text);
    }

    private Token Sign(DateTimeOffset expiresAt)
    {
        var name = Uri.EscapeDataString(resource.AbsoluteUri.ToLowerInvariant());
        var expiry = expiresAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        // The key is text to the service, although it looks like base64.
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"{name}\n{expiry}"));
        var text = $"SharedAccessSignature sr={name}&sig={Uri.EscapeDataString(Convert.ToBase64String(signature))}&se={expiry}&skn={Uri.EscapeDataString(keyName)}";
        return new Token(text, expiresAt);
    }
}
