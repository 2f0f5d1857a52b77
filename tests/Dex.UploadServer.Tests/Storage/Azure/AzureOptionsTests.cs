using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Which settings select Azure, which stop the start, and who the server is to the account (spec: config.md 2.5, 3, 4, delivery.md 1.3).</summary>
public sealed class AzureOptionsTests
{
    private const string Missing = "missing required values for connecting to Azure: ";
    private const string Account = "AZURE_STORAGE_ACCOUNT=account";
    private const string Key = "AZURE_STORAGE_KEY=aHVzaA==";
    private const string Container = "TUS_AZURE_CONTAINER_NAME=uploads";

    [Theory]
    [InlineData(Missing + "TUS_AZURE_CONTAINER_NAME", Account, Key)]
    [InlineData(Missing + "AZURE_STORAGE_ACCOUNT", Key, Container)]
    [InlineData(Missing + "AZURE_STORAGE_KEY", "AZURE_ENDPOINT=http://azurite:10000/account", Container)]
    [InlineData(Missing + "AZURE_TENANT_ID", Account, Container, "AZURE_CLIENT_SECRET=hush", "AZURE_CLIENT_ID=client")]
    [InlineData("AZURE_STORAGE_KEY ", Account, "AZURE_STORAGE_KEY=hush-no-base64!", Container)]
    [InlineData("AZURE_STORAGE_KEY ", "AZURE_STORAGE_KEY=AccountName=account;AccountKey=", Container)]
    [InlineData("AZURE_STORAGE_ACCOUNT ", "AZURE_STORAGE_ACCOUNT=evil.test/", Key, Container)]
    [InlineData("AZURE_ENDPOINT ", "AZURE_ENDPOINT=azurite", Key, Container)]
    [InlineData("AZURE_ENDPOINT ", "AZURE_ENDPOINT=http://user:hush@azurite", Key, Container)]
    [InlineData("AZURE_ENDPOINT ", "AZURE_ENDPOINT=http://azurite/?x=hush", Key, Container)]
    [InlineData("AZURE_ENDPOINT ", "AZURE_ENDPOINT=http://azurite/a/b/c", Key, Container)]
    [InlineData("TUS_AZURE_CONTAINER_NAME ", Account, Key, "TUS_AZURE_CONTAINER_NAME=Uploads")]
    [InlineData("TUS_AZURE_CONTAINER_NAME ", Account, Key, "TUS_AZURE_CONTAINER_NAME=a/b")]
    [InlineData("DEX_MANIFEST_CONFIG_CONTAINER_NAME ", Account, Key, Container, "DEX_MANIFEST_CONFIG_CONTAINER_NAME=..")]
    public void What_cannot_work_stops_the_start_by_name_and_shows_no_secret(string begin, params string[] variables)
    {
        var complaint = Assert.Single(Complaints(variables));

        Assert.StartsWith(begin, complaint);
        Assert.DoesNotContain("hush", complaint);
    }

    [Theory]
    [InlineData(Account, Key, Container)]
    [InlineData(Account, Container)] // a managed identity
    [InlineData(Account, Container, "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c")] // a workload's
    [InlineData(Account, Container, "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s")]
    [InlineData("AZURE_TENANT_ID=t", "AZURE_CLIENT_SECRET=s", "TUS_AZURE_CONTAINER_NAME=?")] // nobody uses them
    public void What_can_work_is_not_complained_of(params string[] variables) => Assert.Empty(Complaints(variables));

    [Theory]
    [InlineData("files", "files", "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s", Container, "DEX_MANIFEST_CONFIG_CONTAINER_NAME=c")]
    [InlineData("files", "files", "AZURE_STORAGE_ACCOUNT=", "AZURE_ENDPOINT= ")]
    [InlineData("azure", "files", Account)]
    [InlineData("azure", "files", Key, "DEX_S3_MANIFEST_CONFIG_FOLDER_NAME=f")]
    [InlineData("azure", "files", "AZURE_ENDPOINT=http://a", "S3_BUCKET_NAME=b", "DEX_MANIFEST_CONFIG_BUCKET_NAME=b")]
    [InlineData("azure", "azure", Account, "DEX_MANIFEST_CONFIG_CONTAINER_NAME=c")]
    public void Account_key_and_endpoint_select_the_backend(string uploads, string manifestConfigs, params string[] variables)
    {
        var choice = StorageChoice.Of(new EnvironmentReader(Variables.Of(variables)));

        Assert.Equal(new StorageChoice(uploads, manifestConfigs), choice);
    }

    [Theory]
    [InlineData("https://account.blob.core.windows.net/", "SharedKey account", Account, Key)]
    [InlineData("http://azurite:10000/dev", "SharedKey dev", "AZURE_ENDPOINT=http://azurite:10000/dev", Key)]
    [InlineData("http://azurite:10000/dev", "SharedKey account", "AZURE_ENDPOINT=http://azurite:10000/dev/", Key, Account)]
    [InlineData("https://account.blob.core.windows.net/", "Sas sv=1&sig=x%3D", Account, "AZURE_STORAGE_KEY=?sv=1&sig=x%3D")]
    [InlineData("https://account.blob.core.windows.net/", "Sas sv=1&sig=x%3D", "AZURE_ENDPOINT=https://account.blob.core.windows.net/?sv=1&sig=x%3D")]
    [InlineData("https://account.blob.core.windows.net/", "Sas sig=x", "AZURE_ENDPOINT=https://account.blob.core.windows.net/uploads?sig=x")]
    [InlineData("https://account.blob.core.windows.net/", "SharedKey account", "AZURE_STORAGE_KEY=DefaultEndpointsProtocol=https;AccountName=account;AccountKey=aHVzaA==;EndpointSuffix=core.windows.net")]
    [InlineData("http://azurite:1/dev", "SharedKey dev", "AZURE_STORAGE_KEY=AccountName=dev;AccountKey=aHVzaA==;BlobEndpoint=http://azurite:1/dev")]
    [InlineData("https://a.test/", "Sas sv=1&sig=y", "AZURE_STORAGE_KEY=BlobEndpoint=https://a.test;SharedAccessSignature=sv=1&sig=y")]
    [InlineData("https://account.blob.core.windows.net/", "SharedKey account", Account, Key, "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s")]
    [InlineData("https://account.blob.core.windows.net/", "Principal t c", Account, "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s")]
    [InlineData("https://account.blob.core.windows.net/", "Found  c", Account, "AZURE_CLIENT_ID=c")]
    public void The_first_complete_way_to_sign_in_counts(string endpoint, string signIn, params string[] variables)
    {
        var options = new AzureOptions();
        AzureOptions.Read(options, new EnvironmentReader(Variables.Of([Container, .. variables])));

        var access = options.Settings.Resolve(AzureSettingNames.Variables, []);

        Assert.Equal(endpoint, access?.Endpoint.AbsoluteUri);
        Assert.Equal(signIn, access?.SignIn switch
        {
            AzureSignIn.SharedKey key => $"SharedKey {key.Account}",
            AzureSignIn.Sas sas => $"Sas {sas.Token.Value}",
            AzureSignIn.Principal principal => $"Principal {principal.TenantId} {principal.ClientId}",
            AzureSignIn.Found found => $"Found {found.TenantId} {found.ClientId}",
            _ => null,
        });
        Assert.DoesNotContain("aHVzaA==", access?.ToString());
    }

    [Fact]
    public void A_target_has_its_own_ways_and_shows_none_of_them()
    {
        var sas = Target(new AzureBlobCredentials("account", default, null, null, default, new Secret("?sig=hush"), default));
        var principal = Target(new AzureBlobCredentials("account", default, "t", "c", new Secret("hush"), default, default));
        var half = Target(new AzureBlobCredentials("account", default, "t", "c", default, default, default));
        List<string> problems = [];

        Assert.IsType<AzureSignIn.Sas>(Resolve(sas)?.SignIn);
        Assert.IsType<AzureSignIn.Principal>(Resolve(principal)?.SignIn);
        Assert.Null(Resolve(half));
        Assert.Equal(["target edav: tenant_id, client_id and client_secret belong together."], problems);
        Assert.DoesNotContain("hush", $"{Resolve(sas)}{Resolve(principal)}");

        AzureAccess? Resolve(AzureBlobTarget target) => AzureSettings.Of(target).Resolve(AzureSettingNames.OfTarget("edav"), problems);
    }

    private static AzureBlobTarget Target(AzureBlobCredentials credentials) => new("edav", "container", default, credentials);

    private static IReadOnlyCollection<string> Complaints(string[] variables)
    {
        var environment = new EnvironmentReader(Variables.Of(variables));
        var services = new ServiceCollection().AddSingleton(environment);
        services.AddEnvironmentOptions<AzureOptions, AzureOptionsValidator>(AzureOptions.Read);
        using var provider = services.BuildServiceProvider();
        var found = provider.GetServices<IStartupValidation>().SelectMany(validation => validation.FindProblems()).ToList();
        return [.. environment.Problems, .. found];
    }
}
