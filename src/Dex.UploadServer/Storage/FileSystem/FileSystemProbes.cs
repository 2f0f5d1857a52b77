using Dex.UploadServer.Delivery;
using Dex.UploadServer.Health;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Whether the targets that are folders are there (spec: http-api.md 6).</summary>
internal sealed class FileTargetProbes(DeliveryTargets targets) : IHealthProbeSource
{
    public IEnumerable<IHealthProbe> Probes => targets.All.Select(target => target.Destination).OfType<FileSystemDestination>().Select(file => new Probe(file));

    private sealed class Probe(FileSystemDestination destination) : IHealthProbe
    {
        public string Service => $"File Delivery Target {destination.Name}";

        public string HealthyIssue => HealthyIssues.NoneReported;

        public int Order => HealthOrder.DeliveryTarget;

        public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
        {
            await destination.CheckAsync(cancellationToken);
            return null;
        }
    }
}

/// <summary>Whether the folder that deliveries are read from is there (spec: http-api.md 6).</summary>
/// <param name="baseFolder">Of the file backend; the folder of uploads in it comes with the first upload.</param>
internal sealed class FileSourceProbe(string baseFolder) : IHealthProbe
{
    public string Service => "File Source";

    public string HealthyIssue => HealthyIssues.NoneReported;

    public int Order => HealthOrder.DeliverySource;

    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            FolderCheck.Run(baseFolder);
            return ValueTask.FromResult<string?>(null);
        }
        catch (IOException error)
        {
            return ValueTask.FromResult<string?>(error.Message);
        }
    }
}
