using Dex.UploadServer.Aws;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.S3;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Which delivery targets of type <c>s3</c> stop the start (spec: delivery.md 1.3 and 10.5, config.md 6.3).</summary>
public sealed class S3TargetValidationTests
{
    [Theory]
    [InlineData("bucket_name ", "a/b", "http://s3.test", null, "", "")]
    [InlineData("bucket_name ", "..", "http://s3.test", null, "", "")]
    [InlineData("endpoint ", "bucket", "s3.test", null, "", "")]
    [InlineData("endpoint ", "bucket", "http://user:hush@s3.test", null, "", "")]
    [InlineData("access_key_id ", "bucket", "http://s3.test", null, "hush", "")]
    [InlineData("access_key_id ", "bucket", "http://s3.test", null, "", "hush")]
    [InlineData("region ", "bucket", null, null, "key", "hush")]
    public void What_cannot_work_stops_the_start_and_shows_no_secret(string begin, string bucket, string? endpoint, string? region, string key, string secret)
    {
        var complaint = Assert.Single(Complaints(new S3Target("edav", bucket, endpoint, region, new Secret(key), new Secret(secret))));

        Assert.StartsWith($"target edav: {begin}", complaint);
        Assert.DoesNotContain("hush", complaint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://target2.s3.aws.com", "us-east-1", "key", "secret")]
    [InlineData("http://minio:9000", null, "", "")]
    [InlineData(null, "eu-central-1", "", "")]
    public void What_can_work_is_not_complained_of(string? endpoint, string? region, string key, string secret) =>
        Assert.Empty(Complaints(new S3Target("edav", "bucket", endpoint, region, new Secret(key), new Secret(secret))));

    [Fact]
    public void The_servers_own_keys_are_looked_at_only_for_targets_that_use_them()
    {
        string[] half = ["AWS_ACCESS_KEY_ID=half"];

        Assert.Empty(Complaints(new S3Target("edav", "bucket", "http://s3.test", null, new Secret("key"), new Secret("secret")), half));
        Assert.StartsWith("AWS_ACCESS_KEY_ID ", Assert.Single(Complaints(new S3Target("edav", "bucket", "http://s3.test", null, default, default), half)));
    }

    private static List<string> Complaints(S3Target target, params string[] variables)
    {
        var aws = new AwsOptions();
        AwsOptions.Read(aws, new EnvironmentReader(Variables.Of(["AWS_SHARED_CREDENTIALS_FILE=/nowhere", .. variables])));
        using var services = new ServiceCollection().AddSingleton(new DeliveryConfiguration([target], [])).BuildServiceProvider();
        return [.. new S3TargetValidation(services, new AwsIdentity(Options.Create(aws))).FindProblems()];
    }
}
