using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Whether the base folder of the uploads is there (spec: http-api.md 6).</summary>
internal sealed class UploadFolderProbe(IOptions<UploadFolderOptions> options) : IHealthProbe
{
    public string Service => "File Storage";

    public string HealthyIssue => HealthyIssues.NoneReported;

    public int Order => HealthOrder.UploadStorage;

    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            FolderCheck.Run(options.Value.BaseFolder);
            return ValueTask.FromResult<string?>(null);
        }
        catch (IOException missing)
        {
            return ValueTask.FromResult<string?>(missing.Message);
        }
    }
}
