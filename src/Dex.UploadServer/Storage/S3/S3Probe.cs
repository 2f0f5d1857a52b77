using Dex.UploadServer.Health;

namespace Dex.UploadServer.Storage.S3;

/// <summary>A bucket in <c>/health</c> (spec: http-api.md 6).</summary>
internal sealed class S3Probe(S3Connection connection, string bucket, string service, string healthyIssue, int order) : IHealthProbe
{
    public string Service => service;

    public string HealthyIssue => healthyIssue;

    public int Order => order;

    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken) => S3Bucket.FindProblemAsync(connection, bucket, cancellationToken);

    public static S3Probe OfUploads(S3Connection connection, string bucket) =>
        new(connection, bucket, $"Tus storage S3 Bucket {bucket}", HealthyIssues.NoneReported, HealthOrder.UploadStorage);

    public static S3Probe OfSource(S3Connection connection, string bucket) =>
        new(connection, bucket, $"S3 source {bucket}", HealthyIssues.Empty, HealthOrder.DeliverySource);
}
