using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>The ports the server listens on, and the address under which it is known (spec: config.md 2.1, 5).</summary>
internal sealed class ServerAddressOptions
{
    /// <summary>API port on all interfaces, 0 to 65535; 0 takes a free one. Default 8080. <c>SERVER_PORT</c></summary>
    public int Port { get; set; } = 8080;

    /// <summary>UI port, or null when the UI is off: the one variable that means something when present and empty. Default 8081. <c>UI_PORT</c></summary>
    public int? UiPort { get; set; } = 8081;

    /// <summary><c>http</c> or <c>https</c>; never bound by, only the default of the UI's addresses. <c>SERVER_PROTOCOL</c></summary>
    public string Protocol { get; set; } = "http";

    /// <summary>Host without port; never bound by, only the default of the UI's addresses. <c>SERVER_HOSTNAME</c></summary>
    public string Hostname { get; set; } = "localhost";

    public static void Read(ServerAddressOptions options, EnvironmentReader env)
    {
        options.Port = env.Port("SERVER_PORT", options.Port);
        var uiDisabled = env.IsPresent("UI_PORT") && !env.Has("UI_PORT");
        options.UiPort = uiDisabled ? null : env.Port("UI_PORT", 8081);
        ReadPublicAddress(options, env);
    }

    // The predecessor read these two and used them for nothing, so an environment that works may hold anything in them.
    private static void ReadPublicAddress(ServerAddressOptions options, EnvironmentReader env)
    {
        var protocol = env.Text("SERVER_PROTOCOL", options.Protocol).Trim().ToLowerInvariant();
        if (protocol is "http" or "https")
            options.Protocol = protocol;
        else
            env.Warn($"SERVER_PROTOCOL is neither http nor https; {options.Protocol} is used instead.");

        var hostname = env.Text("SERVER_HOSTNAME", options.Hostname).Trim();
        if (Uri.CheckHostName(hostname) != UriHostNameType.Unknown)
            options.Hostname = hostname;
        else
            env.Warn($"SERVER_HOSTNAME is not a host name, which has neither scheme nor port; {options.Hostname} is used instead.");
    }
}

internal sealed class ServerAddressOptionsValidator : IValidateOptions<ServerAddressOptions>
{
    public ValidateOptionsResult Validate(string? name, ServerAddressOptions options) =>
        options.UiPort == options.Port && options.Port != 0
            ? ValidateOptionsResult.Fail($"UI_PORT and SERVER_PORT are both {options.Port}; they must differ.")
        : ValidateOptionsResult.Success;
}
