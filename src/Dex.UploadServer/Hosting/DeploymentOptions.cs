namespace Dex.UploadServer.Hosting;

/// <summary>Where this server stands in the field.</summary>
internal sealed class DeploymentOptions
{
    /// <summary>Usually DEV, TST, STG or PROD; shown in each log line. Default <c>DEV</c>. <c>ENVIRONMENT</c></summary>
    public string EnvironmentName { get; set; } = "DEV";

    public static void Read(DeploymentOptions options, EnvironmentReader env) =>
        options.EnvironmentName = env.Text("ENVIRONMENT", options.EnvironmentName);
}
