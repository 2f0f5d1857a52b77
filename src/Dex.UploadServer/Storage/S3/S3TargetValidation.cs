using Dex.UploadServer.Aws;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Objects at start to delivery targets of type <c>s3</c> that can never work (spec: config.md 6.3).</summary>
internal sealed class S3TargetValidation(IServiceProvider services, AwsIdentity identity) : IStartupValidation
{
    public IEnumerable<string> FindProblems() =>
        services.GetRequiredService<DeliveryConfiguration>().Targets.OfType<S3Target>().SelectMany(FindProblems).ToList();

    private IEnumerable<string> FindProblems(S3Target target)
    {
        if (!S3Bucket.IsName(target.BucketName))
            yield return $"target {target.Name}: bucket_name must be the name of a bucket: letters, digits, dots, hyphens and underscores.";
        if (target.Endpoint is { Length: > 0 } endpoint && ServiceEndpoint.Parse(endpoint) is null)
            yield return $"target {target.Name}: endpoint must be an address that starts with http:// or https://, without user, query or fragment.";
        if (target.AccessKeyId.IsSet != target.SecretAccessKey.IsSet)
            yield return $"target {target.Name}: access_key_id and secret_access_key belong together; set both or none.";
        if (target is { Endpoint: null or "", Region: null or "" } && identity is { S3Endpoint: null, Region: null })
            yield return $"target {target.Name}: region is missing; without endpoint it says where the bucket is.";
        if (target is { AccessKeyId.IsSet: false, SecretAccessKey.IsSet: false })
        {
            foreach (var problem in identity.FindProblems())
                yield return problem;
        }
    }
}
