using System.Net;
using System.Text.RegularExpressions;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Addresses of accounts with blobs, as operators write them: with a SAS, and even with the container.</summary>
internal static partial class AzureEndpoint
{
    // The SDK takes the first segment of a path for the account at addresses of these ports, or where the host is an IP address.
    private static readonly int[] s_portsOfEmulators = [.. Enumerable.Range(10000, 5), .. Enumerable.Range(10100, 5), .. Enumerable.Range(11000, 5), .. Enumerable.Range(11100, 5)];

    /// <summary>The address of an account at Azure itself, or null if it can have no such name.</summary>
    public static Uri? OfAccount(string account, string suffix = "core.windows.net", string scheme = "https") =>
        AccountName().IsMatch(account) && Uri.TryCreate($"{scheme}://{account}.blob.{suffix}", UriKind.Absolute, out var address) ? address : null;

    /// <summary>Takes an address apart.</summary>
    /// <param name="container">The container that is asked for at the address; if it stands in its path, it is left out.</param>
    /// <returns>The account's address, and the SAS that it had, if any; or null if it is no address of an account.</returns>
    public static (Uri Endpoint, string? Sas)? Parse(string text, string? container)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address)
            || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            || address.Host.Length == 0 || address.UserInfo.Length > 0 || address.Fragment.Length > 0)
            return null;
        var sas = address.Query.TrimStart('?');
        if (sas.Length > 0 && !IsSas(sas))
            return null;

        var segments = address.AbsolutePath.Trim('/').Split('/', StringSplitOptions.RemoveEmptyEntries);
        var mayHaveContainer = segments.Length == 2 || address.Host.Contains(".blob.", StringComparison.OrdinalIgnoreCase);
        if (segments is [.., var last] && mayHaveContainer && last == container)
            segments = segments[..^1];
        var endpoint = new UriBuilder(address) { Path = string.Join('/', segments), Query = "" }.Uri;
        return segments.Length > 1 ? null : (endpoint, sas.Length > 0 ? sas : null);
    }

    /// <summary>Whether a text is a shared access signature.</summary>
    public static bool IsSas(string text) => Signature().IsMatch(text);

    public static string AccountOf(Uri endpoint)
    {
        var path = endpoint.AbsolutePath.Trim('/');
        return path.Length > 0 ? path : endpoint.Host.Split('.')[0];
    }

    /// <summary>Whether the SDK would take the account in the path for a container.</summary>
    public static bool IsMisread(Uri endpoint) =>
        endpoint.AbsolutePath.Length > 1
        && !(endpoint.HostNameType == UriHostNameType.IPv4 && IPAddress.TryParse(endpoint.Host, out _))
        && !s_portsOfEmulators.Contains(endpoint.Port);

    /// <summary>The same address, so that the SDK reads it right.</summary>
    public static Uri AtEmulatorPort(Uri endpoint) => new UriBuilder(endpoint) { Port = s_portsOfEmulators[0] }.Uri;

    [GeneratedRegex(@"\A[a-z0-9-]{3,63}\z")]
    private static partial Regex AccountName();

    [GeneratedRegex(@"(?:\A|[?&])sig=")]
    private static partial Regex Signature();
}
