using Amazon.Runtime;
using Dex.Testing;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Ways to a real store.</summary>
internal static class S3Rig
{
    /// <summary>A connection with short patience: what fails in these tests fails soon.</summary>
    /// <param name="endpoint">The store, or a proxy before it.</param>
    public static S3Connection Connect(ObjectStoreService store, Uri? endpoint = null, Action<StoreCallOptions>? change = null, string? secretKey = null)
    {
        var options = new StoreCallOptions { ProgressTimeout = TimeSpan.FromSeconds(2), RetryWindow = TimeSpan.FromSeconds(8) };
        change?.Invoke(options);
        var retry = new StoreRetry(Options.Create(options), TimeProvider.System, () => 0.5);
        var account = new S3Account(endpoint ?? store.Endpoint, ObjectStoreService.Region);
        var key = new BasicAWSCredentials(store.AccessKey, secretKey ?? store.SecretKey);
        return new S3Connection(account, () => key, options, retry, TimeProvider.System);
    }
}
