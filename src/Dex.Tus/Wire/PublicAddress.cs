using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>Where a client reaches this server, behind whatever proxies: the front part of <c>Location</c> (spec: tus.md 14).</summary>
internal static class PublicAddress
{
    /// <summary>Scheme and authority, without a trailing slash. Nothing a client sent is in it that is not a valid authority.</summary>
    public static string Of(HttpRequest request)
    {
        var scheme = request.IsHttps ? "https" : "http";
        var host = HostOf(request);
        if (First(request.Headers["X-Forwarded-Host"]) is { } forwardedHost && IsAuthority(forwardedHost))
            host = forwardedHost;
        if (First(request.Headers["X-Forwarded-Proto"]) is "http" or "https")
            scheme = First(request.Headers["X-Forwarded-Proto"])!;
        if (First(request.Headers["Forwarded"]) is { } forwarded)
            ReadForwarded(forwarded, ref scheme, ref host);

        var defaultPort = scheme == "https" ? ":443" : ":80";
        if (host.EndsWith(defaultPort, StringComparison.Ordinal))
            host = host[..^defaultPort.Length];
        return $"{scheme}://{host}";
    }

    /// <summary>Whether the text is host[:port]: a name, an IPv4 address or a bracketed IPv6 address.</summary>
    internal static bool IsAuthority(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > 300)
            return false;

        ReadOnlySpan<char> port;
        if (text[0] == '[')
        {
            var end = text.IndexOf(']');
            if (end < 0 || !System.Net.IPAddress.TryParse(text[1..end], out var address)
                || address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6 || text[1..end].Contains('%'))
                return false;
            port = text[(end + 1)..];
        }
        else
        {
            var colon = text.IndexOf(':');
            var name = colon < 0 ? text : text[..colon];
            if (name.IsEmpty || name.Length > 253)
                return false;
            foreach (var character in name)
            {
                if (!char.IsAsciiLetterOrDigit(character) && character is not ('-' or '.' or '_'))
                    return false;
            }

            port = colon < 0 ? [] : text[colon..];
        }

        return port.IsEmpty || (port[0] == ':' && port.Length is > 1 and <= 6
            && ushort.TryParse(port[1..], NumberStyles.None, CultureInfo.InvariantCulture, out _));
    }

    private static string HostOf(HttpRequest request)
    {
        if (request.Host.Value is { Length: > 0 } host && IsAuthority(host))
            return host;
        var connection = request.HttpContext.Connection;
        var address = connection.LocalIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : connection.LocalIpAddress;
        return address is null ? "localhost" : new System.Net.IPEndPoint(address, connection.LocalPort).ToString();
    }

    private static string? First(StringValues header)
    {
        if (header.Count == 0 || header[0] is not { } text)
            return null;
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        text = (comma < 0 ? text : text[..comma]).Trim();
        return text.Length == 0 ? null : text;
    }

    private static void ReadForwarded(string element, ref string scheme, ref string host)
    {
        var (hostSeen, protoSeen) = (false, false);
        foreach (var pair in element.Split(';', StringSplitOptions.TrimEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                continue;
            var name = pair[..equals];
            var value = pair[(equals + 1)..].Trim('"');
            if (!hostSeen && name.Equals("host", StringComparison.OrdinalIgnoreCase))
            {
                hostSeen = true;
                if (IsAuthority(value))
                    host = value;
            }
            else if (!protoSeen && name.Equals("proto", StringComparison.OrdinalIgnoreCase))
            {
                protoSeen = true;
                if (value is "http" or "https")
                    scheme = value;
            }
        }
    }
}
