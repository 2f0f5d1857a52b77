using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Aws;

/// <summary>Who the server is to AWS, and where (spec: config.md 2.5): static key, web identity, profile, and then whatever the SDK finds.</summary>
/// <remarks>The first three are read here because they may come from a dotenv file, which the SDK does not know.</remarks>
internal sealed partial class AwsIdentity
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

    /// <summary>Where S3 is for everything that has no endpoint of its own; null for AWS itself.</summary>
    public Uri? S3Endpoint => _options.S3Endpoint;

    /// <summary>Complaints for the validators of rooms that use AWS, each naming its variable and no value.</summary>
    public IEnumerable<string> FindProblems()
    {
        foreach (var problem in _options.Problems)
            yield return problem;
        if ((_options.AccessKeyId is null) != (_options.SecretAccessKey is null))
            yield return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together; set both or none.";
        if (_options is { WebIdentityTokenFile: not null, RoleArn: null })
            yield return "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not; it names the role to assume.";
        if (_options.WebIdentityTokenFile is { } file && !Path.IsPathFullyQualified(file))
            yield return "AWS_WEB_IDENTITY_TOKEN_FILE must be an absolute path.";
        if (_options is { AccessKeyId: null, WebIdentityTokenFile: null, Profile: { } name } && Profile(name) is null)
            yield return "AWS_PROFILE names a profile that is not in the shared AWS files.";
        if (_options.Region is { } region && !RegionName().IsMatch(region))
            yield return "AWS_REGION must be the name of a region, such as us-east-1.";
    }

    private AWSCredentials? FindCredentials() => _options switch
    {
        { AccessKeyId: { } id, SecretAccessKey: { } secret, SessionToken: { } token } => new SessionAWSCredentials(id, secret, token),
        { AccessKeyId: { } id, SecretAccessKey: { } secret } => new BasicAWSCredentials(id, secret),
        { WebIdentityTokenFile: { } file, RoleArn: { } role } => new AssumeRoleWithWebIdentityCredentials(file, role, _options.RoleSessionName),
        { Profile: { } profile } => OfProfile(profile),
        { SharedCredentialsFile: not null } => Profile(DefaultProfile)?.GetAWSCredentials(Profiles),
        _ => null,
    };

    private AWSCredentials OfProfile(string name) =>
        Profile(name)?.GetAWSCredentials(Profiles)
        ?? throw new AmazonClientException($"there is no profile {name} in the shared AWS files");

    private CredentialProfile? Profile(string name) => Profiles.TryGetProfile(name, out var profile) ? profile : null;

    private CredentialProfileStoreChain Profiles => new(_options.SharedCredentialsFile);

    [GeneratedRegex(@"\A[A-Za-z0-9-]{1,63}\z")]
    private static partial Regex RegionName();
}
