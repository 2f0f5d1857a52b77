using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Storage;

/// <summary>Which backend keeps the uploads, and which the manifest configs (spec: config.md 3).</summary>
internal sealed record StorageChoice(string Uploads, string ManifestConfigs)
{
    public const string Files = "files";
    public const string S3 = "s3";
    public const string Azure = "azure";

    public static StorageChoice Of(EnvironmentReader environment)
    {
        if (AzureOptions.SelectsUploads(environment))
        {
            if (S3Options.SelectsUploads(environment))
                environment.Warn("variables of Azure and of S3 are both set; uploads are kept in Azure");
            return new StorageChoice(Azure, AzureOptions.SelectsManifestConfigs(environment) ? Azure : Files);
        }

        if (!S3Options.SelectsUploads(environment))
            return new StorageChoice(Files, Files);
        return new StorageChoice(S3, S3Options.SelectsManifestConfigs(environment) ? S3 : Files);
    }
}

/// <summary>Tells at start what was chosen.</summary>
internal sealed partial class StorageChoiceLog(StorageChoice choice, ILogger<StorageChoiceLog> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        LogChoice(choice.Uploads, choice.ManifestConfigs);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "storage backends chosen {uploads}{manifest_configs}")]
    private partial void LogChoice(string uploads, string manifest_configs);
}
