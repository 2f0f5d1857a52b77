using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Aws;

internal static class AwsExtensions
{
    /// <summary>The AWS account, for storage and messaging alike.</summary>
    public static IHostApplicationBuilder AddAws(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<AwsOptions>(AwsOptions.Read);
        builder.Services.AddSingleton<AwsIdentity>();
        return builder;
    }
}
