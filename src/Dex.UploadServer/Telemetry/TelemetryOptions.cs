using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Telemetry;

/// <summary>What the log says, and how much (spec: config.md 2.1).</summary>
internal sealed class TelemetryOptions
{
    /// <summary>Lowers the log threshold from INFO to DEBUG. Default false. <c>LOGGER_DEBUG_ON</c></summary>
    public bool DebugOn { get; set; }

    /// <summary>The <c>app_info.Env</c> of each log line. Default DEV. <c>ENVIRONMENT</c></summary>
    public string Environment { get; set; } = "DEV";

    public static void Read(TelemetryOptions options, EnvironmentReader env)
    {
        options.DebugOn = env.Boolean("LOGGER_DEBUG_ON", options.DebugOn);
        options.Environment = env.Text("ENVIRONMENT", options.Environment);
    }
}

/// <summary>Refuses nothing: any name of an environment will do, and a log that cannot start could not say why.</summary>
internal sealed class TelemetryOptionsValidator : IValidateOptions<TelemetryOptions>
{
    public ValidateOptionsResult Validate(string? name, TelemetryOptions options) => ValidateOptionsResult.Success;
}
