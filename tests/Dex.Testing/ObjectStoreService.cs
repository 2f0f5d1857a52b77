using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Xunit;

namespace Dex.Testing;

/// <summary>A real S3 server with a bucket of the test class's own; a class fixture.</summary>
/// <remarks>Where it cannot run, the first use of it in a test skips that test (see <see cref="Requirement"/>).</remarks>
public sealed class ObjectStoreService(TestServices services) : IAsyncLifetime
{
    public const string Region = "us-east-1";

    private IReadOnlyDictionary<string, string> _addresses = new Dictionary<string, string>();
    private string? _problem;
    private AmazonS3Client? _client;

    public bool IsRunning => _problem is null;

    public Uri Endpoint => new(Address("TEST_S3_ENDPOINT"));

    public string AccessKey => Address("TEST_S3_ACCESS_KEY");

    public string SecretKey => Address("TEST_S3_SECRET_KEY");

    /// <summary>Where SNS and SQS are.</summary>
    public Uri MessagingEndpoint => new(Address("TEST_SNS_SQS_ENDPOINT"));

    public string Bucket { get; } = $"test-{Guid.NewGuid():N}";

    /// <summary>A plain client, to look at what is in the store.</summary>
    public IAmazonS3 Client
    {
        get
        {
            RequireRunning();
            return _client!;
        }
    }

    /// <summary>Variables of a server that keeps its uploads in the bucket.</summary>
    /// <param name="endpoint">Instead of the store itself, such as a <see cref="FaultProxy"/> before it.</param>
    public Dictionary<string, string> Variables(Uri? endpoint = null) => new(StringComparer.Ordinal)
    {
        ["S3_ENDPOINT"] = (endpoint ?? Endpoint).AbsoluteUri,
        ["S3_BUCKET_NAME"] = Bucket,
        ["AWS_REGION"] = Region,
        ["AWS_ACCESS_KEY_ID"] = AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = SecretKey,
        ["AWS_EC2_METADATA_DISABLED"] = "true",
    };

    /// <summary>A proxy before the store, without faults yet.</summary>
    public FaultProxy NewProxy() => FaultProxy.Start(Endpoint);

    /// <summary>Makes another bucket, which goes with the class's own.</summary>
    public async Task<string> NewBucketAsync(CancellationToken cancellationToken)
    {
        var name = $"{Bucket}-{Guid.NewGuid():N}"[..60];
        await Client.PutBucketAsync(name, cancellationToken);
        return name;
    }

    public async ValueTask InitializeAsync()
    {
        try
        {
            _addresses = await services.AddressesAsync();
        }
        catch (Exception problem) when (problem is InvalidOperationException or TimeoutException or System.ComponentModel.Win32Exception)
        {
            _problem = problem.Message;
            return;
        }

        _client = new AmazonS3Client(new BasicAWSCredentials(AccessKey, SecretKey), new AmazonS3Config
        {
            ServiceURL = Endpoint.AbsoluteUri,
            ForcePathStyle = true,
            AuthenticationRegion = Region,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });
        await _client.PutBucketAsync(Bucket);
    }

    // The store lies in memory, which the next class may need.
    public async ValueTask DisposeAsync()
    {
        if (_client is null)
            return;
        foreach (var bucket in (await _client.ListBucketsAsync()).Buckets ?? [])
        {
            if (bucket.BucketName.StartsWith(Bucket, StringComparison.Ordinal))
                await RemoveAsync(_client, bucket.BucketName);
        }

        _client.Dispose();
    }

    private static async Task RemoveAsync(AmazonS3Client client, string bucket)
    {
        await foreach (var upload in client.Paginators.ListMultipartUploads(new ListMultipartUploadsRequest { BucketName = bucket }).Uploads)
            await client.AbortMultipartUploadAsync(bucket, upload.Key, upload.UploadId);
        await foreach (var item in client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = bucket }).S3Objects)
            await client.DeleteObjectAsync(bucket, item.Key);
        await client.DeleteBucketAsync(bucket);
    }

    private string Address(string variable)
    {
        RequireRunning();
        return _addresses[variable];
    }

    private void RequireRunning() => Requirement.Meet(_problem is null, _problem ?? "");
}
