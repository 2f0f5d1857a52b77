using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;
using Xunit;

namespace Dex.Testing;

/// <summary>A blob service that answers as Azure's, with a container of the test class's own; a class fixture.</summary>
/// <remarks>Where it cannot run, the first use of it in a test skips that test (see <see cref="Requirement"/>).</remarks>
public sealed class AzureService(TestServices services) : IAsyncLifetime
{
    private IReadOnlyDictionary<string, string> _addresses = new Dictionary<string, string>();
    private string? _problem;
    private BlobServiceClient? _service;

    public bool IsRunning => _problem is null;

    /// <summary>Of the account, which is its path.</summary>
    public Uri Endpoint => new(Address("TEST_AZURE_ENDPOINT"));

    public string Account => Address("TEST_AZURE_ACCOUNT");

    public string Key => Address("TEST_AZURE_KEY");

    public string Container { get; } = $"test-{Guid.NewGuid():N}";

    /// <summary>A plain client, to look at what is in the store.</summary>
    public BlobContainerClient Client => Service.GetBlobContainerClient(Container);

    /// <summary>The whole account.</summary>
    public BlobServiceClient Service
    {
        get
        {
            RequireRunning();
            return _service!;
        }
    }

    /// <summary>Variables of a server that keeps its uploads in the container.</summary>
    /// <param name="endpoint">Instead of the store itself, such as a <see cref="FaultProxy"/> before it.</param>
    public Dictionary<string, string> Variables(Uri? endpoint = null) => new(StringComparer.Ordinal)
    {
        ["AZURE_STORAGE_ACCOUNT"] = Account,
        ["AZURE_STORAGE_KEY"] = Key,
        ["AZURE_ENDPOINT"] = Of(endpoint).AbsoluteUri,
        ["TUS_AZURE_CONTAINER_NAME"] = Container,
    };

    /// <summary>A proxy before the store, without faults yet; the account is <see cref="Of"/> its address.</summary>
    public FaultProxy NewProxy() => FaultProxy.Start(Endpoint);

    /// <summary>The account at another address than the store's own.</summary>
    public Uri Of(Uri? endpoint) => endpoint is null ? Endpoint : new Uri(endpoint, Account);

    /// <summary>A SAS for the whole account, without a question mark.</summary>
    public string NewSas(DateTimeOffset end, AccountSasPermissions permissions = AccountSasPermissions.All) =>
        new AccountSasBuilder(permissions, end, AccountSasServices.Blobs, AccountSasResourceTypes.All) { StartsOn = end.AddDays(-7), Protocol = SasProtocol.HttpsAndHttp }
            .ToSasQueryParameters(new StorageSharedKeyCredential(Account, Key)).ToString();

    /// <summary>A SAS for the class's container alone, good for an hour.</summary>
    public string NewContainerSas(BlobContainerSasPermissions permissions) =>
        new BlobSasBuilder(permissions, DateTimeOffset.UtcNow.AddHours(1)) { BlobContainerName = Container, Resource = "c" }
            .ToSasQueryParameters(new StorageSharedKeyCredential(Account, Key)).ToString();

    /// <summary>Makes another container, which goes with the class's own.</summary>
    public async Task<string> NewContainerAsync(CancellationToken cancellationToken)
    {
        var name = $"{Container}-{Guid.NewGuid():N}"[..60];
        await Service.CreateBlobContainerAsync(name, cancellationToken: cancellationToken);
        return name;
    }

    /// <summary>A blob of the class's container.</summary>
    public BlockBlobClient Blob(string name) => Client.GetBlockBlobClient(name);

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

        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02);
        _service = new BlobServiceClient(Endpoint, new StorageSharedKeyCredential(Account, Key), options);
        await _service.CreateBlobContainerAsync(Container);
    }

    // The store lies in memory, which the next class may need.
    public async ValueTask DisposeAsync()
    {
        if (_service is null)
            return;
        await foreach (var container in _service.GetBlobContainersAsync(BlobContainerTraits.None, prefix: Container))
            await _service.DeleteBlobContainerAsync(container.Name);
    }

    private string Address(string variable)
    {
        RequireRunning();
        return _addresses[variable];
    }

    private void RequireRunning() => Requirement.Meet(_problem is null, _problem ?? "");
}
