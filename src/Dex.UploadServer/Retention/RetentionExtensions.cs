using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Retention;

internal static class RetentionExtensions
{
    public static IHostApplicationBuilder AddRetention(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<RetentionOptions, RetentionOptionsValidator>(RetentionOptions.Read);
        builder.Services.AddSingleton<RetentionMetrics>();
        builder.Services.AddSingleton<SweepSurvey>();
        builder.Services.AddSingleton<SweepRemoval>();
        builder.Services.AddSingleton<Sweeper>();
        builder.Services.AddHostedService<SweepService>();
        return builder;
    }
}
