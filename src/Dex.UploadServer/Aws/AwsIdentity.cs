using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Aws;

/// <summary>Who the server is to AWS, and where (spec: config.md 2.5): static key, web identity, profile, and then whatever the SDK finds.</summary>
/// <remarks>The first three are read here because they may come from a dotenv file, which the SDK does not know.</remarks>
internal sealed class AwsIdentity
{
    private const string DefaultProfile = "default";

    private readonly AwsOptions _options;
    private readonly Lazy<AWSCredentials?> _credentials;
    private readonly Lazy<string?> _region;

    public AwsIdentity(IOptions<AwsOptions> options)
    {
        _options = options.Value;
        _credentials = new(FindCredentials);
        _region = new(() => _options.Region ?? Profile(_options.Profile ?? DefaultProfile)?.Region?.SystemName);
    }

    /// <summary>What to sign with; null leaves it to the SDK: the default profile, the role of the container or the instance.</summary>
    /// <exception cref="AmazonClientException">The profile that was asked for is not there.</exception>
    public AWSCredentials? Credentials => _credentials.Value;

    /// <summary>The region of everything that has none of its own, or null.</summary>
    public string? Region => _region.Value;

    /// <summary>Whether it hangs on a profile that is not there.</summary>
    public bool HasUnknownProfile => _options is { AccessKeyId: null, WebIdentityTokenFile: null, Profile: { } name } && Profile(name) is null;

    /// <summary>Where S3 is for everything that has no endpoint of its own; null for AWS itself.</summary>
    public Uri? S3Endpoint => _options.S3Endpoint;

    /// <summary>Where SNS is; null for AWS itself.</summary>
    public Uri? SnsEndpoint => _options.SnsEndpoint;

    /// <summary>Where SQS is; null for AWS itself.</summary>
    public Uri? SqsEndpoint => _options.SqsEndpoint;

    private AWSCredentials? FindCredentials() => _options switch
    {
        { AccessKeyId: { } id, SecretAccessKey: { } secret, SessionToken: { } token } => new SessionAWSCredentials(id, secret, token),
        { AccessKeyId: { } id, SecretAccessKey: { } secret } => new BasicAWSCredentials(id, secret),
        { WebIdentityTokenFile: { } file, RoleArn: { } role } => new AssumeRoleWithWebIdentityCredentials(file, role, _options.RoleSessionName),
        { Profile: { } profile } => OfProfile(profile),
        _ => null,
    };

    private AWSCredentials OfProfile(string name) =>
        Profile(name)?.GetAWSCredentials(Profiles)
        ?? throw new AmazonClientException($"there is no profile {name} in the shared AWS files");

    private CredentialProfile? Profile(string name) => Profiles.TryGetProfile(name, out var profile) ? profile : null;

    private CredentialProfileStoreChain Profiles => new(_options.SharedCredentialsFile);
}
