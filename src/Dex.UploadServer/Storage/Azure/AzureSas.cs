using System.Globalization;
using System.Web;
using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Addresses of blobs by which a store may read them for a while: signed with the account's key or a delegated one, or with the SAS that we have ourselves.</summary>
internal sealed class AzureSas(AzureConnection connection, TimeProvider clock)
{
    // Clocks differ, and a copy may be tried again.
    private static readonly TimeSpan s_early = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan s_keyLife = TimeSpan.FromHours(12);

    private UserDelegationKey? _delegated;

    /// <summary>An address that can be read by whoever has it. A secret.</summary>
    /// <param name="life">How long from now; shorter if our own SAS ends earlier.</param>
    /// <returns>Null if we may not let others read; then bytes have to go through us.</returns>
    public async ValueTask<Uri?> ReadAddressAsync(string container, string blob, TimeSpan life, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var builder = new BlobSasBuilder(BlobSasPermissions.Read, now + life)
        {
            BlobContainerName = container,
            BlobName = blob,
            Resource = "b",
            StartsOn = now - s_early,
        };
        var token = connection.Access.SignIn switch
        {
            AzureSignIn.SharedKey key => builder.ToSasQueryParameters(new StorageSharedKeyCredential(key.Account, key.Key.Value)).ToString(),
            AzureSignIn.Sas own => own.Token.Value,
            _ when await DelegateAsync(now + life, cancellationToken) is { } key => builder.ToSasQueryParameters(key, connection.Access.Account).ToString(),
            _ => null,
        };
        return token is null ? null : new Uri($"{connection.Access.AddressOf(container, blob)}?{token}");
    }

    /// <summary>When a SAS ends, if it says so.</summary>
    public static DateTimeOffset? EndOf(string token) =>
        DateTimeOffset.TryParse(
            HttpUtility.ParseQueryString(token)["se"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var end)
            ? end
            : null;

    // A principal may have the right to read and not this one.
    private async Task<UserDelegationKey?> DelegateAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        if (_delegated is { } known && known.SignedExpiresOn >= until)
            return known;
        try
        {
            var now = clock.GetUtcNow();
            var end = until > now + s_keyLife ? until : now + s_keyLife;
            return _delegated = await connection.RepeatAsync(
                async (client, token) => (await client.GetUserDelegationKeyAsync(now - s_early, end, token)).Value, cancellationToken);
        }
        catch (StoreCallException refused) when (refused.Failure is StoreFailure.Denied or StoreFailure.Refused)
        {
            return null;
        }
    }
}
