using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The way to the buckets of one account. Every call goes through here: what fails throws <see cref="StoreCallException"/> and nothing of the SDK's.</summary>
internal sealed class S3Connection : IDisposable
{
    private const int BufferBytes = 80 * 1024; // of each write; the SDK's own 8 KiB cost ten times the calls

    private readonly S3HttpClient? _http;
    private readonly StoreRetry _retry;
    private readonly TimeProvider _clock;
    private readonly Lazy<AmazonS3Client> _client;

    /// <param name="credentials">What to sign with, asked at the first call; null leaves it to the SDK.</param>
    public S3Connection(S3Account account, Func<AWSCredentials?> credentials, StoreCallOptions options, StoreRetry retry, TimeProvider clock)
    {
        Account = account;
        _retry = retry;
        _clock = clock;
        var http = _http = new S3HttpClient(options, clock);
        _client = new(() => credentials() is { } key
            ? new AmazonS3Client(key, Configure(account, http))
            : new AmazonS3Client(Configure(account, http)), LazyThreadSafetyMode.PublicationOnly); // one that failed is tried again
    }

    /// <summary>Over a client that is there already.</summary>
    public S3Connection(S3Account account, AmazonS3Client client, StoreRetry retry, TimeProvider clock)
    {
        Account = account;
        _retry = retry;
        _clock = clock;
        _client = new(client);
    }

    public S3Account Account { get; }

    /// <summary>Hears of every call that failed.</summary>
    public Action<StoreCallException>? Failed { get; init; }

    /// <summary>Whether the bytes of a body need not be hashed for the signature, because TLS protects them. The SDK refuses that over plain http.</summary>
    public bool MayLeavePayloadUnsigned => Account.Endpoint?.Scheme != Uri.UriSchemeHttp;

    /// <summary>Whether bytes are sent with their MD5, which every server knows; AWS gets a CRC-32C instead.</summary>
    public bool SendsMd5 => Account.Endpoint is not null;

    /// <summary>A call that may be repeated: same key and bytes, or reading. Tried again while the failure may pass and the time for it is not over.</summary>
    public Task<T> RepeatAsync<T>(Func<IAmazonS3, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        _retry.RunAsync(token => OnceAsync(call, token), cancellationToken);

    /// <summary>A call that must not be repeated blindly: after <see cref="StoreCallException.MayHaveHappened"/> look first.</summary>
    public async Task<T> OnceAsync<T>(Func<IAmazonS3, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(_client.Value, cancellationToken);
        }
        catch (Exception error) when (S3Errors.IsForeign(error, cancellationToken))
        {
            var failure = S3Errors.Translate(error);
            Failed?.Invoke(failure);
            throw failure;
        }
    }

    /// <summary>An address that an object can be read at for a while, by whoever has it. A secret.</summary>
    public async Task<Uri> PresignAsync(string bucket, string key, TimeSpan life, CancellationToken cancellationToken)
    {
        var request = new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = key,
            Verb = HttpVerb.GET,
            Protocol = Account.Endpoint?.Scheme == Uri.UriSchemeHttp ? Protocol.HTTP : Protocol.HTTPS,
            Expires = _clock.GetUtcNow().Add(life).UtcDateTime,
        };
        return new Uri(await OnceAsync((client, _) => client.GetPreSignedURLAsync(request), cancellationToken));
    }

    public void Dispose()
    {
        if (_client.IsValueCreated)
            _client.Value.Dispose();
        _http?.Dispose();
    }

    // The SDK's own retries are off: they have no bound in time, and repeat what must not be repeated.
    private static AmazonS3Config Configure(S3Account account, S3HttpClient http)
    {
        var config = new AmazonS3Config
        {
            BufferSize = BufferBytes,
            HttpClientFactory = http,
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            IgnoreConfiguredEndpointUrls = true,
            Timeout = Timeout.InfiniteTimeSpan, // the HTTP client cuts what does not move
        };
        if (account.Endpoint is not { } endpoint)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(account.Region);
            return config;
        }

        // Checksums in trailers are refused, or stored as data, by most servers but AWS.
        config.ServiceURL = endpoint.AbsoluteUri;
        config.AuthenticationRegion = account.Region;
        config.ForcePathStyle = true;
        config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
        config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        return config;
    }
}
