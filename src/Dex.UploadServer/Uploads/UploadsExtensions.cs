using Dex.Tus;
using Dex.Tus.Lifecycle;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Manifests;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Uploads;

internal static class UploadsExtensions
{
    public static IHostApplicationBuilder AddUploads(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<UploadsOptions, UploadsOptionsValidator>(UploadsOptions.Read);
        builder.Services.AddEnvironmentOptions<ClientLimitOptions, ClientLimitOptionsValidator>(ClientLimitOptions.Read);
        builder.Services.AddTus();
        builder.Services.AddOptions<TusOptions>().Configure<IOptions<ClientLimitOptions>>((tus, limits) => limits.Value.CopyTo(tus));
        builder.Services.AddOptions<TusOptions>().Configure<IOptions<UploadsOptions>, IOptions<RoutePathOptions>, IOptions<UploadFolderOptions>>((tus, uploads, paths, folder) =>
        {
            uploads.Value.CopyTo(tus);
            tus.FileNameKeys = ManifestKeys.FileNames;
            tus.StagingFolder = folder.Value.BaseFolder;
            tus.BasePath = paths.Value.UploadsUrl ?? paths.Value.UploadsPath;
        });
        builder.Services.AddSingleton<UploadMetrics>();
        builder.Services.AddSingleton<ManifestCounter>();
        builder.Services.AddSingleton<CompletionRecorder>();
        builder.Services.AddSingleton<CompletionRepair>();
        builder.Services.AddSingleton<PredecessorAdoption>();
        builder.Services.AddHostedService(services => services.GetRequiredService<CompletionRepair>());
        builder.Services.AddHostedService<StartReconciliation>();
        builder.Services.AddSingleton<IUploadLifecycle, UploadLifecycle>();
        return builder;
    }

    /// <summary>Answers everything below the upload path.</summary>
    public static IApplicationBuilder UseUploads(this IApplicationBuilder app) => app.UseTus();
}
