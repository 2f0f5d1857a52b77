using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>How browsers and the UI itself reach the API (spec: config.md 2.2, 5).</summary>
/// <remarks>The defaults follow the server's own address, so that moving <c>SERVER_PORT</c> does not break the UI.</remarks>
internal sealed class UiAddressOptions
{
    /// <summary>Scheme that browsers use. Default <c>SERVER_PROTOCOL</c>. <c>UI_SERVER_EXTERNAL_PROTOCOL</c></summary>
    public string ExternalProtocol { get; set; } = "http";

    /// <summary>host[:port] that browsers use. Default <c>SERVER_HOSTNAME:SERVER_PORT</c>. <c>UI_SERVER_EXTERNAL_HOST</c></summary>
    public string ExternalHost { get; set; } = "localhost:8080";

    /// <summary>Scheme of the UI's own calls. Default <c>SERVER_PROTOCOL</c>. <c>UI_SERVER_INTERNAL_PROTOCOL</c></summary>
    public string InternalProtocol { get; set; } = "http";

    /// <summary>host[:port] of the UI's own calls. Default <c>SERVER_HOSTNAME:SERVER_PORT</c>. <c>UI_SERVER_INTERNAL_HOST</c></summary>
    public string InternalHost { get; set; } = "localhost:8080";

    public static void Read(UiAddressOptions options, EnvironmentReader env)
    {
        var server = new ServerAddressOptions();
        ServerAddressOptions.Read(server, env);
        var isBareIpV6 = server.Hostname.Contains(':', StringComparison.Ordinal) && !server.Hostname.StartsWith('[');
        var host = $"{(isBareIpV6 ? $"[{server.Hostname}]" : server.Hostname)}:{server.Port}";

        options.ExternalProtocol = Scheme("UI_SERVER_EXTERNAL_PROTOCOL");
        options.ExternalHost = env.Text("UI_SERVER_EXTERNAL_HOST", host).Trim();
        options.InternalProtocol = Scheme("UI_SERVER_INTERNAL_PROTOCOL");
        options.InternalHost = env.Text("UI_SERVER_INTERNAL_HOST", host).Trim();

        string Scheme(string name) => env.Choice(name, server.Protocol, ("http", "http"), ("https", "https"));
    }
}

internal sealed class UiAddressOptionsValidator : IValidateOptions<UiAddressOptions>
{
    public ValidateOptionsResult Validate(string? name, UiAddressOptions options)
    {
        var problems = new List<string>();
        Check("UI_SERVER_EXTERNAL_HOST", options.ExternalHost);
        Check("UI_SERVER_INTERNAL_HOST", options.InternalHost);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Check(string variable, string host)
        {
            // Anything beside host and port would let the value bend the addresses made from it.
            if (!Uri.TryCreate($"http://{host}/", UriKind.Absolute, out var uri) || uri.PathAndQuery != "/"
                || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0 || host.Contains('/', StringComparison.Ordinal) || host.Contains('\\', StringComparison.Ordinal))
                problems.Add($"{variable} is not host[:port].");
        }
    }
}
