using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Aws;

/// <summary>Addresses of services, as operators write them.</summary>
internal static class ServiceEndpoint
{
    /// <summary>The address in a variable; null if there is none, or none that can be used, which is complained of without showing it.</summary>
    public static Uri? Read(EnvironmentReader env, string variable, ICollection<string> problems)
    {
        if (env.OptionalText(variable) is not { } text)
            return null;
        if (Parse(text) is { } endpoint)
            return endpoint;
        problems.Add($"{variable} must be an address that starts with http:// or https://, without user, query or fragment.");
        return null;
    }

    /// <summary>The address, or null if it is none of a service.</summary>
    public static Uri? Parse(string text) =>
        Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
        && address.Host.Length > 0 && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0
            ? address
            : null;
}
