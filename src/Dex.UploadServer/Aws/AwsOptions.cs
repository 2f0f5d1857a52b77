using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Aws;

/// <summary>The AWS account, by the names that every AWS program reads (spec: config.md 2.5). Whatever is not here the SDK finds by itself: container and instance roles.</summary>
internal sealed class AwsOptions
{
    /// <summary>Static key; set both or none. <c>AWS_ACCESS_KEY_ID</c></summary>
    public string? AccessKeyId { get; set; }

    /// <summary>Its secret. <c>AWS_SECRET_ACCESS_KEY</c></summary>
    public string? SecretAccessKey { get; set; }

    /// <summary>Third part of a temporary key. <c>AWS_SESSION_TOKEN</c></summary>
    public string? SessionToken { get; set; }

    /// <summary>Role to assume with a token from a file, as in Kubernetes; set both or none. <c>AWS_ROLE_ARN</c></summary>
    public string? RoleArn { get; set; }

    /// <summary>File of that token. <c>AWS_WEB_IDENTITY_TOKEN_FILE</c></summary>
    public string? WebIdentityTokenFile { get; set; }

    /// <summary>Name of that role's sessions. Default <c>dex-upload-server</c>. <c>AWS_ROLE_SESSION_NAME</c></summary>
    public string RoleSessionName { get; set; } = "dex-upload-server";

    /// <summary>Profile in the shared configuration and credential files. <c>AWS_PROFILE</c></summary>
    public string? Profile { get; set; }

    /// <summary>The shared credential file, instead of that in the home folder. <c>AWS_SHARED_CREDENTIALS_FILE</c></summary>
    public string? SharedCredentialsFile { get; set; }

    /// <summary>Region; else that of the profile. <c>AWS_REGION</c>, else <c>AWS_DEFAULT_REGION</c></summary>
    public string? Region { get; set; }

    /// <summary>Where S3 is, instead of at AWS. <c>AWS_ENDPOINT_URL_S3</c>, else <c>AWS_ENDPOINT_URL</c></summary>
    public Uri? S3Endpoint { get; set; }

    /// <summary>Where SNS is, instead of at AWS. <c>AWS_ENDPOINT_URL_SNS</c>, else <c>AWS_ENDPOINT_URL</c></summary>
    public Uri? SnsEndpoint { get; set; }

    /// <summary>Where SQS is, instead of at AWS. <c>AWS_ENDPOINT_URL_SQS</c>, else <c>AWS_ENDPOINT_URL</c></summary>
    public Uri? SqsEndpoint { get; set; }

    /// <summary>What could not be read. It matters only to those who use AWS; a server that does not starts all the same.</summary>
    public IReadOnlyList<string> Problems { get; set; } = [];

    public static void Read(AwsOptions options, EnvironmentReader env)
    {
        options.AccessKeyId = env.OptionalText("AWS_ACCESS_KEY_ID")?.Trim();
        options.SecretAccessKey = env.OptionalText("AWS_SECRET_ACCESS_KEY")?.Trim();
        options.SessionToken = env.OptionalText("AWS_SESSION_TOKEN")?.Trim();
        options.RoleArn = env.OptionalText("AWS_ROLE_ARN")?.Trim();
        options.WebIdentityTokenFile = env.OptionalText("AWS_WEB_IDENTITY_TOKEN_FILE");
        options.RoleSessionName = env.Text("AWS_ROLE_SESSION_NAME", options.RoleSessionName).Trim();
        options.Profile = env.OptionalText("AWS_PROFILE")?.Trim();
        options.SharedCredentialsFile = env.OptionalText("AWS_SHARED_CREDENTIALS_FILE");
        options.Region = (env.OptionalText("AWS_REGION") ?? env.OptionalText("AWS_DEFAULT_REGION"))?.Trim();
        List<string> problems = [];
        var everywhere = ServiceEndpoint.Read(env, "AWS_ENDPOINT_URL", problems);
        options.S3Endpoint = ServiceEndpoint.Read(env, "AWS_ENDPOINT_URL_S3", problems) ?? everywhere;
        options.SnsEndpoint = ServiceEndpoint.Read(env, "AWS_ENDPOINT_URL_SNS", problems) ?? everywhere;
        options.SqsEndpoint = ServiceEndpoint.Read(env, "AWS_ENDPOINT_URL_SQS", problems) ?? everywhere;
        options.Problems = problems;
    }
}
