using Dex.UploadServer.Delivery.Configuration;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>All that operators say of an account, in variables or in a delivery file; the first complete way to sign in counts (spec: config.md 2.5, delivery.md 1.3).</summary>
internal sealed record AzureSettings
{
    public string? Account { get; init; }

    /// <summary>The account's key; a SAS and a connection string are taken too.</summary>
    public Secret Key { get; init; }

    /// <summary>May carry a SAS.</summary>
    public Secret Endpoint { get; init; }

    public Secret Sas { get; init; }

    public Secret ConnectionString { get; init; }

    public string? TenantId { get; init; }

    public string? ClientId { get; init; }

    public Secret ClientSecret { get; init; }

    /// <summary>The container that is asked for.</summary>
    public string? Container { get; init; }

    public static AzureSettings Of(AzureBlobTarget target) => new()
    {
        Account = target.Credentials.StorageAccount,
        Key = target.Credentials.StorageKey,
        Endpoint = target.Endpoint,
        Sas = target.Credentials.SasToken,
        ConnectionString = target.Credentials.ConnectionString,
        TenantId = target.Credentials.TenantId,
        ClientId = target.Credentials.ClientId,
        ClientSecret = target.Credentials.ClientSecret,
        Container = target.ContainerName,
    };

    /// <summary>The account and the way to sign in to it.</summary>
    /// <param name="problems">Gets what is wrong with them, without a value.</param>
    /// <returns>Null if they are no such thing; then there is at least one problem.</returns>
    public AzureAccess? Resolve(AzureSettingNames names, ICollection<string> problems)
    {
        var connection = FindConnectionString();
        if (connection.IsSet && AzureConnectionString.Parse(connection.Value!) is not { IsUsable: true })
        {
            problems.Add($"{(ConnectionString.IsSet ? names.ConnectionString : names.Key)} must be a connection string with an account's name and key, or with a blob endpoint and a SAS.");
            return null;
        }

        var parts = connection.IsSet ? AzureConnectionString.Parse(connection.Value!) : new AzureConnectionString();
        if (FindEndpoint(names, parts, problems) is not ({ } endpoint, var sasOfEndpoint))
            return null;
        if (FindSignIn(names, parts, endpoint, sasOfEndpoint, problems) is not { } signIn)
            return null;
        if (signIn is AzureSignIn.Principal or AzureSignIn.Found && endpoint.Scheme != Uri.UriSchemeHttps)
        {
            problems.Add($"{names.Missing}{names.Key} is not set; without a key or a SAS {names.Endpoint} must start with https://, for a token may not be sent in the clear.");
            return null;
        }

        return new AzureAccess(endpoint, signIn);
    }

    private Secret FindConnectionString() =>
        !Key.IsSet && ConnectionString.IsSet ? ConnectionString
        : Key.IsSet && AzureConnectionString.LooksLike(Key.Value!) ? Key
        : default;

    private (Uri Endpoint, string? Sas)? FindEndpoint(AzureSettingNames names, AzureConnectionString parts, ICollection<string> problems)
    {
        if (Endpoint.IsSet || parts.BlobEndpoint is not null)
        {
            var parsed = AzureEndpoint.Parse(Endpoint.Value is { Length: > 0 } own ? own : parts.BlobEndpoint!, Container);
            if (parsed is null)
                problems.Add($"{names.Endpoint} must be the address of an account, starting with http:// or https://, with no query but a SAS.");
            return parsed;
        }

        if ((parts.AccountName ?? Account) is not { Length: > 0 } account)
        {
            problems.Add($"{names.Missing}{names.Account} is not set, nor is {names.Endpoint}.");
            return null;
        }

        if (AzureEndpoint.OfAccount(account, parts.EndpointSuffix, parts.Scheme) is { } endpoint)
            return (endpoint, null);
        problems.Add($"{names.Account} must be the name of a storage account: lower-case letters and digits.");
        return null;
    }

    private AzureSignIn? FindSignIn(AzureSettingNames names, AzureConnectionString parts, Uri endpoint, string? sasOfEndpoint, ICollection<string> problems)
    {
        if (parts.AccountKey is { } connectionKey)
            return OfKey(parts.AccountName ?? AzureEndpoint.AccountOf(endpoint), connectionKey, names.ConnectionString, problems);
        if (Key is { IsSet: true, Value: { } key } && !AzureConnectionString.LooksLike(key))
            return AzureEndpoint.IsSas(key) ? OfSas(key) : OfKey(Account is { Length: > 0 } name ? name : AzureEndpoint.AccountOf(endpoint), key, names.Key, problems);
        if ((Sas.IsSet ? Sas.Value : sasOfEndpoint ?? parts.Sas) is { } sas)
        {
            if (AzureEndpoint.IsSas(sas))
                return OfSas(sas);
            problems.Add($"{names.Sas} must be a shared access signature, with a sig in it.");
            return null;
        }

        if (TenantId is { Length: > 0 } tenant && ClientId is { Length: > 0 } client && ClientSecret.IsSet)
            return new AzureSignIn.Principal(tenant, client, ClientSecret);
        if (!ClientSecret.IsSet && !(names.PrincipalNeedsSecret && TenantId is { Length: > 0 }))
            return new AzureSignIn.Found(TenantId, ClientId);
        problems.Add($"{names.Missing}{names.Principal} belong together.");
        return null;
    }

    private static AzureSignIn.Sas OfSas(string text) => new(new Secret(text.Trim().TrimStart('?', '&')));

    private static AzureSignIn.SharedKey? OfKey(string account, string key, string name, ICollection<string> problems)
    {
        if (Convert.TryFromBase64String(key.Trim(), new byte[key.Length], out var length) && length > 0)
            return new AzureSignIn.SharedKey(account, new Secret(key.Trim()));
        problems.Add($"{name} must hold an account's key in base64, or a SAS.");
        return null;
    }
}

/// <summary>How the settings of an account are called where they stand.</summary>
/// <param name="Missing">Begin of a complaint about what is not there.</param>
/// <param name="PrincipalNeedsSecret">Whether a tenant means a principal with a secret; a workload's identity has a tenant and no secret.</param>
internal sealed record AzureSettingNames(
    string Account, string Key, string Endpoint, string Sas, string ConnectionString, string Principal, string Missing, bool PrincipalNeedsSecret)
{
    public static AzureSettingNames Variables { get; } = new(
        "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_ENDPOINT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_KEY",
        "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET", "missing required values for connecting to Azure: ", PrincipalNeedsSecret: false);

    public static AzureSettingNames OfTarget(string name) => new(
        $"target {name}: storage_account", $"target {name}: storage_key", $"target {name}: endpoint", $"target {name}: sas_token",
        $"target {name}: connection_string", $"target {name}: tenant_id, client_id and client_secret", "", PrincipalNeedsSecret: true);
}
