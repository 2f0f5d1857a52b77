using System.Collections.Concurrent;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The ways to Azure: one for the upload store, its source and the manifest configs, and one for each account that delivery targets name.</summary>
internal sealed class AzureConnections(
    IOptions<AzureOptions> options, IOptions<StoreCallOptions> calls, StoreRetry retry, StoreCallFailures failures, TimeProvider clock) : IDisposable
{
    private readonly ConcurrentDictionary<AzureAccess, Lazy<AzureConnection>> _open = new();

    /// <summary>The account that holds uploads.</summary>
    public AzureConnection Store => Open(Resolve(options.Value.Settings, AzureSettingNames.Variables));

    /// <summary>The account of a delivery target; targets with the same endpoint and way to sign in share it.</summary>
    /// <exception cref="FormatException">Its settings are of no use; the message shows no secret.</exception>
    public AzureConnection For(AzureBlobTarget target)
    {
        var access = Resolve(AzureSettings.Of(target), AzureSettingNames.OfTarget(target.Name));
        return Open(access.SignIn is AzureSignIn.Found { TenantId: null or "", ClientId: null or "" } && options.Value is { TenantId: { } tenant, ClientId: { } client, ClientSecret: { IsSet: true } secret }
            ? access with { SignIn = new AzureSignIn.Principal(tenant, client, secret) } // a target that says nothing is entered as who the server is
            : access);
    }

    public void Dispose()
    {
        foreach (var connection in _open.Values)
            connection.Value.Dispose();
    }

    private static AzureAccess Resolve(AzureSettings settings, AzureSettingNames names)
    {
        List<string> problems = [];
        return settings.Resolve(names, problems) ?? throw new FormatException(string.Join(' ', problems));
    }

    private AzureConnection Open(AzureAccess access) =>
        _open.GetOrAdd(access, opened => new(() => new AzureConnection(opened, calls.Value, retry, clock)
        {
            Failed = failure => failures.Tell("azure", failure),
        })).Value;
}
