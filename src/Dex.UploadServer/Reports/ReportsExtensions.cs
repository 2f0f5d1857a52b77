using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Reports;

internal static class ReportsExtensions
{
    public static IHostApplicationBuilder AddReports(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<ReportOptions, ReportOptionsValidator>(ReportOptions.Read);
        builder.Services.AddSingleton<IReportWriter, ReportWriter>();
        builder.Services.AddSingleton<ReportArchive>();
        return builder;
    }
}
