using System.Collections.Concurrent;
using Amazon.Runtime;
using Dex.UploadServer.Aws;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The ways to S3: one for the upload store, its source and the manifest configs, and one for each account that delivery targets name.</summary>
internal sealed class S3Connections(
    IOptions<S3Options> options, IOptions<StoreCallOptions> calls, AwsIdentity identity, StoreRetry retry, StoreCallFailures failures, TimeProvider clock) : IDisposable
{
    private readonly ConcurrentDictionary<Key, Lazy<S3Connection>> _open = new();

    // The secret tells apart what would otherwise let one target borrow the rights of another.
    private sealed record Key(S3Account Account, string? Id, string? Secret);

    /// <summary>The account that holds uploads.</summary>
    public S3Connection Store => Open(new Key(Account(options.Value.Endpoint, region: null), null, null));

    /// <summary>The account of a delivery target; targets with the same endpoint, region and key share it.</summary>
    /// <exception cref="FormatException">Its endpoint is no address.</exception>
    public S3Connection For(S3Target target)
    {
        var endpoint = target.Endpoint is { Length: > 0 } text
            ? ServiceEndpoint.Parse(text) ?? throw new FormatException($"the endpoint of target {target.Name} is not an http or https address")
            : null;
        var account = Account(endpoint, target.Region);
        return Open(target.AccessKeyId.IsSet && target.SecretAccessKey.IsSet
            ? new Key(account, target.AccessKeyId.Value, target.SecretAccessKey.Value)
            : new Key(account, null, null));
    }

    public void Dispose()
    {
        foreach (var connection in _open.Values)
            connection.Value.Dispose();
    }

    private S3Account Account(Uri? endpoint, string? region) =>
        new(endpoint ?? identity.S3Endpoint, region is { Length: > 0 } ? region : identity.Region ?? S3Account.FallbackRegion);

    private S3Connection Open(Key key) =>
        _open.GetOrAdd(key, opened => new(() => new S3Connection(opened.Account, () => Credentials(opened), calls.Value, retry, clock)
        {
            Failed = failure => failures.Tell("s3", failure),
        })).Value;

    private AWSCredentials? Credentials(Key key) =>
        key is { Id: { } id, Secret: { } secret } ? new BasicAWSCredentials(id, secret) : identity.Credentials;
}
