using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Reports;

/// <summary>What the log shows of reports.</summary>
internal sealed class ReportOptions
{
    /// <summary>Whether manifest values, which may be personal data, are logged with the reports. Default false: they are replaced by <c>***</c>. <c>LOG_MANIFEST_VALUES</c></summary>
    public bool LogManifestValues { get; set; }

    public static void Read(ReportOptions options, EnvironmentReader env) =>
        options.LogManifestValues = env.Boolean("LOG_MANIFEST_VALUES", options.LogManifestValues);
}

/// <summary>Every value that can be read is a good one.</summary>
internal sealed class ReportOptionsValidator : IValidateOptions<ReportOptions>
{
    public ValidateOptionsResult Validate(string? name, ReportOptions options) => ValidateOptionsResult.Success;
}
