using System.Diagnostics.Metrics;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.UploadServer.Aws;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Which account is used, and with which key (spec: config.md 2.5, delivery.md 9.5).</summary>
public sealed class S3ConnectionsTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private readonly ServiceProvider _metrics = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _metrics.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Keys_of_the_environment_open_the_store()
    {
        using var connections = Open($"AWS_ACCESS_KEY_ID={store.AccessKey}", $"AWS_SECRET_ACCESS_KEY={store.SecretKey}");

        Assert.True(await CanListAsync(connections.Store));
    }

    [Fact]
    public async Task The_keys_of_a_profile_open_the_store_and_its_region_counts()
    {
        var file = WriteProfile("somebody");
        using var connections = Open("AWS_PROFILE=somebody", $"AWS_SHARED_CREDENTIALS_FILE={file}");

        Assert.True(await CanListAsync(connections.Store));
        Assert.Equal("eu-west-3", connections.Store.Account.Region);
    }

    [Fact]
    public async Task Static_keys_win_over_a_profile()
    {
        var file = WriteProfile("somebody");
        using var connections = Open("AWS_PROFILE=somebody", $"AWS_SHARED_CREDENTIALS_FILE={file}", "AWS_ACCESS_KEY_ID=nobody", "AWS_SECRET_ACCESS_KEY=wrong");

        Assert.False(await CanListAsync(connections.Store));
    }

    [Fact]
    public async Task A_session_token_is_sent_along()
    {
        await using var proxy = store.NewProxy();
        using var connections = Open(
            $"S3_ENDPOINT={proxy.Address}", $"AWS_ACCESS_KEY_ID={store.AccessKey}", $"AWS_SECRET_ACCESS_KEY={store.SecretKey}", "AWS_SESSION_TOKEN=made-up");

        await CanListAsync(connections.Store);

        Assert.Equal("made-up", proxy.Seen.Single().Field("x-amz-security-token"));
    }

    [Fact]
    public async Task A_target_with_keys_of_its_own_uses_them_and_no_others()
    {
        using var connections = Open("AWS_ACCESS_KEY_ID=nobody", "AWS_SECRET_ACCESS_KEY=wrong");
        var target = new S3Target("edav", store.Bucket, store.Endpoint.AbsoluteUri, ObjectStoreService.Region, new Secret(store.AccessKey), new Secret(store.SecretKey));

        Assert.True(await CanListAsync(connections.For(target)));
        Assert.False(await CanListAsync(connections.Store));
    }

    [Fact]
    public async Task A_target_without_keys_uses_those_of_the_server()
    {
        using var connections = Open($"AWS_ACCESS_KEY_ID={store.AccessKey}", $"AWS_SECRET_ACCESS_KEY={store.SecretKey}");
        var target = new S3Target("edav", store.Bucket, store.Endpoint.AbsoluteUri, null, default, default);

        Assert.True(await CanListAsync(connections.For(target)));
    }

    [Fact]
    public void Targets_share_a_connection_only_with_the_same_place_and_key()
    {
        using var connections = Open("AWS_REGION=us-east-1");
        S3Target Target(string name, string secret, string? region = null, string? endpoint = null) =>
            new(name, "bucket", endpoint, region, new Secret("id"), new Secret(secret));

        var one = connections.For(Target("one", "s"));

        Assert.Same(one, connections.For(Target("two", "s")));
        Assert.Same(one, connections.For(Target("two", "s", "us-east-1")));
        Assert.NotSame(one, connections.For(Target("two", "other")));
        Assert.NotSame(one, connections.For(Target("two", "s", "eu-west-1")));
        Assert.NotSame(one, connections.For(Target("two", "s", endpoint: "http://elsewhere.test")));
    }

    [Theory]
    [InlineData("s3.test")]
    [InlineData("file:///etc/passwd")]
    public void A_target_whose_endpoint_is_no_address_is_refused(string endpoint)
    {
        using var connections = Open();

        Assert.Throws<FormatException>(() => connections.For(new S3Target("edav", "bucket", endpoint, null, default, default)));
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_S3=http://one.test", "http://one.test/")]
    [InlineData("AWS_ENDPOINT_URL=http://two.test", "http://two.test/")]
    [InlineData("AWS_ENDPOINT_URL_S3=http://one.test,AWS_ENDPOINT_URL=http://two.test", "http://one.test/")]
    [InlineData("S3_ENDPOINT=http://three.test,AWS_ENDPOINT_URL_S3=http://one.test", "http://three.test/")]
    [InlineData("S3_ENDPOINT=", null)]
    public void The_nearest_endpoint_wins(string variables, string? endpoint)
    {
        using var connections = Open(["S3_ENDPOINT=", .. variables.Split(',')]);

        Assert.Equal(endpoint, connections.Store.Account.Endpoint?.AbsoluteUri);
    }

    [Fact]
    public void The_address_of_an_object_is_the_true_one()
    {
        Assert.Equal("http://s3.test:9000/bucket/a%20b/%C3%A4", new S3Account(new Uri("http://s3.test:9000"), "r").AddressOf("bucket", "a b/ä"));
        Assert.Equal("https://bucket.s3.eu-west-1.amazonaws.com/a", new S3Account(null, "eu-west-1").AddressOf("bucket", "a"));
    }

    private static async Task<bool> CanListAsync(S3Connection connection)
    {
        try
        {
            await connection.OnceAsync((client, token) => client.ListBucketsAsync(new ListBucketsRequest(), token), Stop);
            return true;
        }
        catch (StoreCallException denied) when (denied.Failure == StoreFailure.Denied)
        {
            return false;
        }
    }

    private string WriteProfile(string name)
    {
        var file = _folder.PathOf("credentials");
        File.WriteAllText(file, $"[{name}]\naws_access_key_id={store.AccessKey}\naws_secret_access_key={store.SecretKey}\nregion=eu-west-3\n");
        return file;
    }

    private S3Connections Open(params IEnumerable<string> variables)
    {
        var environment = new EnvironmentReader(Variables.Of([$"S3_ENDPOINT={store.Endpoint}", "S3_BUCKET_NAME=uploads", .. variables]));
        var (s3, aws, calls) = (new S3Options(), new AwsOptions(), new StoreCallOptions());
        S3Options.Read(s3, environment);
        AwsOptions.Read(aws, environment);
        return new S3Connections(
            Options.Create(s3), Options.Create(calls), new AwsIdentity(Options.Create(aws)),
            new StoreRetry(Options.Create(calls), TimeProvider.System, () => 0.5), new StoreCallFailures(_metrics.GetRequiredService<IMeterFactory>(), NullLogger<StoreCallFailures>.Instance),
            TimeProvider.System);
    }
}
