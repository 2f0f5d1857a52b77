using Dex.Testing;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Ways to a real store.</summary>
internal static class AzureRig
{
    /// <summary>A connection with short patience: what fails in these tests fails soon.</summary>
    /// <param name="endpoint">The store, or a proxy before it.</param>
    /// <param name="signIn">Instead of the account's key.</param>
    public static AzureConnection Connect(AzureService store, Uri? endpoint = null, Action<StoreCallOptions>? change = null, AzureSignIn? signIn = null)
    {
        var options = new StoreCallOptions { ProgressTimeout = TimeSpan.FromSeconds(1), RetryWindow = TimeSpan.FromSeconds(5) };
        change?.Invoke(options);
        var retry = new StoreRetry(Options.Create(options), TimeProvider.System, () => 0.5);
        var access = new AzureAccess(store.Of(endpoint), signIn ?? new AzureSignIn.SharedKey(store.Account, new Secret(store.Key)));
        return new AzureConnection(access, options, retry, TimeProvider.System);
    }
}
