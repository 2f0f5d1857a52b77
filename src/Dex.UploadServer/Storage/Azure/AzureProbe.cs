using Dex.UploadServer.Health;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The container of uploads in <c>/health</c> (spec: http-api.md 6).</summary>
internal sealed class AzureProbe(AzureContainer container, string service, string healthyIssue, int order) : IHealthProbe
{
    public string Service => service;

    public string HealthyIssue => healthyIssue;

    public int Order => order;

    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken) => container.FindProblemAsync(cancellationToken);

    public static AzureProbe OfUploads(AzureContainer container) => new(container, "Tus storage", HealthyIssues.NoneReported, HealthOrder.UploadStorage);

    public static AzureProbe OfSource(AzureContainer container) => new(container, "Azure source", HealthyIssues.Empty, HealthOrder.DeliverySource);
}
