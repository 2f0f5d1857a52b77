using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Which delivery targets of type <c>az-blob</c> stop the start (spec: delivery.md 1.3, config.md 6.3).</summary>
public sealed class AzureTargetValidationTests
{
    private const string Endpoint = "https://target1.blob.core.windows.net";

    private static AzureBlobCredentials None { get; } = new(null, default, null, null, default, default, default);

    public static TheoryData<string, string, string, string, string?, string, string> Hopeless => new()
    {
        { "container_name ", "a/b", Endpoint, "", null, "", "" },
        { "container_name ", "a?restype=service", Endpoint, "", null, "", "" },
        { "container_name ", "..", Endpoint, "", null, "", "" },
        { "endpoint ", "c", "target1.blob.core.windows.net", "", null, "", "" },
        { "endpoint ", "c", "https://user:hush@target1", "", null, "", "" },
        { "endpoint ", "c", "https://target1?comp=hush", "", null, "", "" },
        { "storage_key ", "c", Endpoint, "hush!", null, "", "" },
        { "tenant_id", "c", Endpoint, "", "tenant", "", "" },
        { "storage_key is not set; ", "c", "http://target1.test/account", "", "tenant", "hush", "" },
        { "sas_token ", "c", Endpoint, "", null, "", "se=hush" },
    };

    [Theory, MemberData(nameof(Hopeless))]
    public void What_cannot_work_stops_the_start_and_shows_no_secret(string begin, string container, string endpoint, string key, string? tenant, string secret, string sas)
    {
        var credentials = None with { StorageKey = new Secret(key), TenantId = tenant, ClientId = tenant, ClientSecret = new Secret(secret), SasToken = new Secret(sas) };

        var complaint = Assert.Single(Complaints(new AzureBlobTarget("edav", container, new Secret(endpoint), credentials)));

        Assert.StartsWith($"target edav: {begin}", complaint);
        Assert.DoesNotContain("hush", complaint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("target1_container", "", "", "")] // the sample of a principal, its variables unset
    [InlineData("edav", "a2V5", "", "")]
    [InlineData("edav", "", "sv=2021&sig=abc", "")]
    [InlineData("edav", "?sv=2021&sig=abc", "", "")]
    [InlineData("edav", "", "", "AccountName=target1;AccountKey=a2V5")]
    [InlineData("$root", "a2V5", "", "")]
    public void What_can_work_is_not_complained_of(string container, string key, string sas, string connectionString) => Assert.Empty(Complaints(new AzureBlobTarget(
        "edav", container, new Secret(Endpoint), None with { StorageKey = new Secret(key), SasToken = new Secret(sas), ConnectionString = new Secret(connectionString) })));

    private static List<string> Complaints(AzureBlobTarget target)
    {
        using var services = new ServiceCollection().AddSingleton(new DeliveryConfiguration([target], [])).BuildServiceProvider();
        return [.. new AzureTargetValidation(services).FindProblems()];
    }
}
