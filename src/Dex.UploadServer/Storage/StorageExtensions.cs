using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.FileSystem;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Storage;

/// <summary>The one place where a storage backend is chosen: for uploads, for reading them back, for manifest configs and for health. Every kind of delivery target is always there.</summary>
internal static class StorageExtensions
{
    public static IHostApplicationBuilder AddStorage(this IHostApplicationBuilder builder)
    {
        builder.AddObjectStoreCalls();
        builder.AddObjectParts();
        builder.AddObjectTransfers();
        builder.AddS3();
        builder.AddAzure();

        var choice = StorageChoice.Of(builder.Services.Environment());
        builder.Services.AddSingleton(choice);
        builder.Services.AddHostedService<StorageChoiceLog>();
        if (choice.Uploads == StorageChoice.Azure)
            builder.AddAzureUploads().AddAzureUploadProbe().AddAzureSource();
        else if (choice.Uploads == StorageChoice.S3)
            builder.AddS3Uploads().AddS3Source();
        else
            builder.AddFileSystemUploads().AddFileSystemSource();
        if (choice.ManifestConfigs == StorageChoice.Azure)
            builder.AddAzureManifestConfigs();
        else if (choice.ManifestConfigs == StorageChoice.S3)
            builder.AddS3ManifestConfigs();
        else
            builder.AddFileSystemManifestConfigs();

        builder.AddFileSystemTargets();
        builder.AddS3Targets();
        builder.AddAzureTargets();
        return builder;
    }
}
