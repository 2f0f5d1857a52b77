using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Which settings select S3, and which stop the start (spec: config.md 2.5, 3, 4).</summary>
public sealed class S3OptionsTests
{
    private const string Missing = "missing required values for connecting to AWS S3";

    [Theory]
    [InlineData(Missing + ": S3_BUCKET_NAME", "S3_ENDPOINT=http://s3.test")]
    [InlineData("S3_BUCKET_NAME ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=a/b")]
    [InlineData("S3_BUCKET_NAME ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=..")]
    [InlineData("S3_BUCKET_NAME ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=a?b")]
    [InlineData("S3_ENDPOINT ", "S3_ENDPOINT=s3.test", "S3_BUCKET_NAME=uploads")]
    [InlineData("S3_ENDPOINT ", "S3_ENDPOINT=ftp://s3.test", "S3_BUCKET_NAME=uploads")]
    [InlineData("S3_ENDPOINT ", "S3_ENDPOINT=http://key:hush@s3.test", "S3_BUCKET_NAME=uploads")]
    [InlineData("S3_ENDPOINT ", "S3_ENDPOINT=http://s3.test/?x=hush", "S3_BUCKET_NAME=uploads")]
    [InlineData(Missing + ": AWS_REGION", "S3_BUCKET_NAME=uploads", "AWS_SHARED_CREDENTIALS_FILE=/nowhere")]
    [InlineData("AWS_REGION ", "S3_BUCKET_NAME=uploads", "AWS_REGION=us east 1")]
    [InlineData("AWS_REGION ", "S3_BUCKET_NAME=uploads", "AWS_REGION=evil.test/")]
    [InlineData("AWS_ACCESS_KEY_ID ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=uploads", "AWS_ACCESS_KEY_ID=hush")]
    [InlineData("AWS_ACCESS_KEY_ID ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=uploads", "AWS_SECRET_ACCESS_KEY=hush")]
    [InlineData("AWS_WEB_IDENTITY_TOKEN_FILE ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=uploads", "AWS_WEB_IDENTITY_TOKEN_FILE=/token")]
    [InlineData("AWS_WEB_IDENTITY_TOKEN_FILE ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=uploads", "AWS_WEB_IDENTITY_TOKEN_FILE=hush", "AWS_ROLE_ARN=arn:aws:iam::1:role/r")]
    [InlineData("AWS_PROFILE ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=uploads", "AWS_PROFILE=hush", "AWS_SHARED_CREDENTIALS_FILE=/nowhere")]
    [InlineData("AWS_ENDPOINT_URL ", "S3_BUCKET_NAME=uploads", "AWS_REGION=r", "AWS_ENDPOINT_URL=nowhere")]
    [InlineData("DEX_MANIFEST_CONFIG_BUCKET_NAME ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=uploads", "DEX_MANIFEST_CONFIG_BUCKET_NAME=a b")]
    [InlineData("DEX_S3_MANIFEST_CONFIG_FOLDER_NAME ", "S3_ENDPOINT=http://s3.test", "S3_BUCKET_NAME=uploads", "DEX_S3_MANIFEST_CONFIG_FOLDER_NAME=a/../b")]
    [InlineData("STORE_CONNECT_TIMEOUT ", "STORE_CONNECT_TIMEOUT=0")]
    [InlineData("STORE_PROGRESS_TIMEOUT ", "STORE_PROGRESS_TIMEOUT=-1")]
    [InlineData("STORE_RETRY_TIME ", "STORE_RETRY_TIME=3601")]
    [InlineData("STORE_MAX_CONNECTIONS ", "STORE_MAX_CONNECTIONS=0")]
    public void What_cannot_work_stops_the_start_by_name_and_shows_no_secret(string begin, params string[] variables)
    {
        var complaint = Assert.Single(Complaints(variables));

        Assert.StartsWith(begin, complaint);
        Assert.DoesNotContain("hush", complaint);
    }

    [Theory]
    [InlineData("S3_ENDPOINT=http://s3.test:9000", "S3_BUCKET_NAME=uploads")]
    [InlineData("S3_BUCKET_NAME=uploads", "AWS_REGION=us-gov-west-1")]
    [InlineData("S3_BUCKET_NAME=uploads", "AWS_DEFAULT_REGION=eu-central-1")]
    [InlineData("S3_BUCKET_NAME=Old_Bucket.2", "AWS_ENDPOINT_URL=http://localhost:4566")]
    [InlineData("S3_BUCKET_NAME=uploads", "AWS_ENDPOINT_URL_S3=https://minio.test/s3")]
    [InlineData("S3_ENDPOINT=", "S3_BUCKET_NAME= ", "AWS_ACCESS_KEY_ID=", "AWS_PROFILE=")]
    [InlineData("AWS_ACCESS_KEY_ID=half", "AWS_PROFILE=nobody", "AWS_REGION=?", "AWS_ENDPOINT_URL=nowhere")] // nobody uses them
    public void What_can_work_is_not_complained_of(params string[] variables) => Assert.Empty(Complaints(variables));

    [Theory]
    [InlineData("files", "files", "DEX_MANIFEST_CONFIG_BUCKET_NAME=configs", "DEX_S3_MANIFEST_CONFIG_FOLDER_NAME=f", "AWS_ACCESS_KEY_ID=k")]
    [InlineData("files", "files", "S3_BUCKET_NAME=", "S3_ENDPOINT= ")]
    [InlineData("s3", "files", "S3_BUCKET_NAME=uploads")]
    [InlineData("s3", "files", "S3_ENDPOINT=http://s3.test", "DEX_MANIFEST_CONFIG_FOLDER_NAME=f")]
    [InlineData("s3", "s3", "S3_BUCKET_NAME=uploads", "DEX_S3_MANIFEST_CONFIG_FOLDER_NAME=f")]
    [InlineData("s3", "s3", "S3_BUCKET_NAME=uploads", "DEX_MANIFEST_CONFIG_BUCKET_NAME=configs")]
    public void Bucket_and_endpoint_select_the_backend(string uploads, string manifestConfigs, params string[] variables)
    {
        var choice = StorageChoice.Of(new EnvironmentReader(Variables.Of(variables)));

        Assert.Equal(new StorageChoice(uploads, manifestConfigs), choice);
    }

    // Other rooms complain of other things; only what this test sets is its matter.
    private static IReadOnlyCollection<string> Complaints(string[] variables)
    {
        var environment = new EnvironmentReader(Variables.Of(variables));
        var services = new ServiceCollection().AddSingleton(environment);
        services.AddEnvironmentOptions<Aws.AwsOptions>(Aws.AwsOptions.Read);
        services.AddEnvironmentOptions<S3Options, S3OptionsValidator>(S3Options.Read);
        services.AddEnvironmentOptions<StoreCallOptions, StoreCallOptionsValidator>(StoreCallOptions.Read);
        services.AddSingleton<Aws.AwsIdentity>();
        using var provider = services.BuildServiceProvider();
        var found = provider.GetServices<IStartupValidation>().SelectMany(validation => validation.FindProblems()).ToList();
        return [.. environment.Problems, .. found];
    }
}
