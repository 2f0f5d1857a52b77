using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using Dex.UploadServer.Entra;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The way to the containers of one account. Every call goes through here: what fails throws <see cref="StoreCallException"/> and nothing of the SDK's.</summary>
internal sealed class AzureConnection : IDisposable
{
    // The oldest that has all we use, so that emulators and old installations know it too.
    private const BlobClientOptions.ServiceVersion Version = BlobClientOptions.ServiceVersion.V2021_12_02;

    private readonly StoreRetry _retry;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;
    private readonly Lazy<BlobServiceClient> _client;
    private readonly DateTimeOffset? _sasEnd;

    public AzureConnection(AzureAccess access, StoreCallOptions options, StoreRetry retry, TimeProvider clock)
    {
        Access = access;
        _retry = retry;
        _clock = clock;
        _http = StoreHttp.NewClient(options, clock);
        _client = new(NewClient);
        _sasEnd = access.SignIn is AzureSignIn.Sas sas ? AzureSas.EndOf(sas.Token.Value!) : null;
        Sas = new AzureSas(this, clock);
    }

    public AzureAccess Access { get; }

    /// <summary>Makes addresses by which others may read.</summary>
    public AzureSas Sas { get; }

    /// <summary>Hears of every call that failed.</summary>
    public Action<StoreCallException>? Failed { get; init; }

    /// <summary>One container of the account; nothing is asked or made.</summary>
    public AzureContainer Container(string name) => new(this, name);

    /// <summary>A call that may be repeated: same name and bytes, or reading. Tried again while the failure may pass and the time for it is not over.</summary>
    public Task<T> RepeatAsync<T>(Func<BlobServiceClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        _retry.RunAsync(token => OnceAsync(call, token), cancellationToken);

    /// <summary>A call that must not be repeated blindly: after <see cref="StoreCallException.MayHaveHappened"/> look first.</summary>
    public async Task<T> OnceAsync<T>(Func<BlobServiceClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(_client.Value, cancellationToken);
        }
        catch (Exception error) when (AzureErrors.IsForeign(error, cancellationToken))
        {
            var failure = AzureErrors.Translate(error, _sasEnd <= _clock.GetUtcNow());
            Failed?.Invoke(failure);
            throw failure;
        }
    }

    public void Dispose() => _http.Dispose();

    private BlobServiceClient NewClient()
    {
        var options = Configure();
        var isMisread = AzureEndpoint.IsMisread(Access.Endpoint);
        if (isMisread)
            options.AddPolicy(new PortPolicy(Access.Endpoint.Port), HttpPipelinePosition.BeforeTransport);
        var endpoint = isMisread ? AzureEndpoint.AtEmulatorPort(Access.Endpoint) : Access.Endpoint;
        return Access.SignIn switch
        {
            AzureSignIn.SharedKey key => new BlobServiceClient(endpoint, new StorageSharedKeyCredential(key.Account, key.Key.Value), options),
            AzureSignIn.Sas sas => new BlobServiceClient(endpoint, new AzureSasCredential(sas.Token.Value!), options),
            AzureSignIn.Principal principal => new BlobServiceClient(
                endpoint, new ClientSecretCredential(principal.TenantId, principal.ClientId, principal.ClientSecret.Value, new ClientSecretCredentialOptions()), options),
            AzureSignIn.Found found => new BlobServiceClient(endpoint, EntraIdentity.OfMachine(found.TenantId, found.ClientId), options),
            var other => throw new InvalidOperationException($"{other.GetType().Name} is no way to sign in"),
        };
    }

    // The SDK's own retries are off: they have no bound in time, and repeat what must not be repeated. The HTTP client cuts what does not move.
    private BlobClientOptions Configure()
    {
        var options = new BlobClientOptions(Version) { Transport = new HttpClientTransport(_http) };
        options.Retry.MaxRetries = 0;
        options.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan;
        options.AddPolicy(new BrokenAnswerPolicy(), HttpPipelinePosition.BeforeTransport);
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        return options;
    }

    // Lets the SDK see a port that it knows, and goes to the true one; signatures are about the path alone.
    private sealed class PortPolicy(int port) : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message) => message.Request.Uri.Port = port;
    }
}
