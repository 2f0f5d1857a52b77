using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Web;
using Microsoft.AspNetCore.Http;

namespace Dex.Testing.ServiceBus;

/// <summary>What a key may do.</summary>
[Flags]
public enum DoubledRights
{
    Send = 1,
    Listen = 2,
    Manage = 4,
    All = 7,
}

/// <summary>Checks tokens as the service does: the name of the key, the signature, the end, and the resource.</summary>
internal sealed class DoubledAccess(TimeProvider clock)
{
    private readonly Dictionary<string, (string Key, DoubledRights Rights)> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (DateTimeOffset End, DoubledRights Rights)> _bearers = new(StringComparer.Ordinal);

    public void AddKey(string name, string key, DoubledRights rights)
    {
        lock (_keys)
            _keys[name] = (key, rights);
    }

    public void AddBearer(string token, DateTimeOffset end, DoubledRights rights)
    {
        lock (_bearers)
            _bearers[token] = (end, rights);
    }

    /// <returns>What is wrong, in the service's words; null if the call may be made.</returns>
    public string? FindProblem(HttpRequest request, DoubledRights needed)
    {
        var header = request.Headers.Authorization.ToString();
        var (problem, rights) = header.StartsWith("Bearer ", StringComparison.Ordinal) ? CheckBearer(header[7..])
            : header.StartsWith("SharedAccessSignature ", StringComparison.Ordinal) ? CheckSignature(header[22..], request)
            : ("MissingToken: The authorization header was not found.", default);
        if (problem is not null || rights.HasFlag(needed))
            return problem;
        return needed == DoubledRights.Manage
            ? "Manage,EntityRead claims required for this operation."
            : $"Unauthorized access. '{needed}' claim(s) are required to perform this operation.";
    }

    private (string? Problem, DoubledRights Rights) CheckBearer(string token)
    {
        lock (_bearers)
        {
            return !_bearers.TryGetValue(token, out var known) ? ("InvalidSignature: The token has an invalid signature.", default)
                : known.End <= clock.GetUtcNow() ? ("ExpiredToken: The token is expired.", default)
                : (null, known.Rights);
        }
    }

    private (string? Problem, DoubledRights Rights) CheckSignature(string token, HttpRequest request)
    {
        var parts = token.Split('&').Select(part => part.Split('=', 2)).Where(part => part.Length == 2).ToDictionary(part => part[0], part => part[1], StringComparer.Ordinal);
        if (!parts.TryGetValue("sr", out var resource) || !parts.TryGetValue("sig", out var signature) || !parts.TryGetValue("se", out var expiry) || !parts.TryGetValue("skn", out var name))
            return ("MalformedToken: The token is malformed.", default);
        (string Key, DoubledRights Rights) known;
        lock (_keys)
        {
            if (!_keys.TryGetValue(HttpUtility.UrlDecode(name), out known))
                return ("InvalidSignature: The token has an invalid signature.", default);
        }

        var expected = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(known.Key), Encoding.UTF8.GetBytes($"{resource}\n{expiry}")));
        if (HttpUtility.UrlDecode(signature) != expected)
            return ("InvalidSignature: The token has an invalid signature.", default);
        if (!long.TryParse(expiry, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || DateTimeOffset.FromUnixTimeSeconds(seconds) <= clock.GetUtcNow())
            return ("ExpiredToken: The token is expired.", default);
        return Covers(HttpUtility.UrlDecode(resource), request)
            ? (null, known.Rights)
            : ("InvalidAudience: The authorization header contains a token with a wrong audience.", default);
    }

    private static bool Covers(string resource, HttpRequest request)
    {
        var at = resource.IndexOf("://", StringComparison.Ordinal);
        var granted = (at < 0 ? resource : resource[(at + 3)..]).TrimEnd('/');
        var wanted = request.Host.Value + request.Path.Value;
        return wanted.StartsWith(granted, StringComparison.OrdinalIgnoreCase) && (wanted.Length == granted.Length || wanted[granted.Length] is '/');
    }
}
