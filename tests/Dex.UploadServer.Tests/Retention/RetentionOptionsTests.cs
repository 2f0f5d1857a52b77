using Dex.UploadServer.Hosting;
using Dex.UploadServer.Retention;
using Dex.UploadServer.Uploads;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Retention;

public sealed class RetentionOptionsTests
{
    [Theory]
    [InlineData("UPLOAD_EXPIRATION", "0")]
    [InlineData("UPLOAD_EXPIRATION", "-1")]
    [InlineData("UPLOAD_EXPIRATION", "-2")]
    [InlineData("UPLOAD_EXPIRATION", "99999999999999999999")]
    [InlineData("UPLOAD_EXPIRATION", "1h")]
    [InlineData("UPLOAD_SWEEP_INTERVAL", "0")]
    [InlineData("UPLOAD_SWEEP_INTERVAL", "-1")]
    [InlineData("UPLOAD_SWEEP_INTERVAL", "2592001")]
    [InlineData("UPLOAD_SWEEP_LEFTOVER_AGE", "59")]
    [InlineData("UPLOAD_SWEEP_LEFTOVER_AGE", "-1")]
    [InlineData("UPLOAD_PART_RETENTION", "0")]
    [InlineData("UPLOAD_SWEEP_DRY_RUN", "maybe")]
    public void A_value_that_cannot_be_is_refused_by_the_name_of_its_variable(string variable, string value)
    {
        var env = new EnvironmentReader(new Dictionary<string, string> { [variable] = value });
        var (retention, uploads) = (new RetentionOptions(), new UploadsOptions());

        RetentionOptions.Read(retention, env);
        UploadsOptions.Read(uploads, env);
        ValidateOptionsResult[] verdicts = [new RetentionOptionsValidator().Validate(null, retention), new UploadsOptionsValidator().Validate(null, uploads)];

        Assert.Contains(variable, Assert.Single(env.Problems.Concat(verdicts.SelectMany(verdict => verdict.Failures ?? []))), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_variables_nothing_expires_and_nothing_is_swept()
    {
        var env = new EnvironmentReader(new Dictionary<string, string>());
        var (retention, uploads) = (new RetentionOptions(), new UploadsOptions());

        RetentionOptions.Read(retention, env);
        UploadsOptions.Read(uploads, env);

        Assert.Null(uploads.Expiration);
        Assert.Equal((null, false, TimeSpan.FromDays(1), null), (retention.SweepInterval, retention.DryRun, retention.LeftoverAge, retention.PartRetention));
    }

    [Fact]
    public void The_largest_values_are_taken()
    {
        var env = new EnvironmentReader(new Dictionary<string, string>
        {
            ["UPLOAD_EXPIRATION"] = "2147483647",
            ["UPLOAD_SWEEP_INTERVAL"] = "2592000",
            ["UPLOAD_SWEEP_LEFTOVER_AGE"] = "2147483647",
            ["UPLOAD_PART_RETENTION"] = "1",
        });
        var (retention, uploads) = (new RetentionOptions(), new UploadsOptions());

        RetentionOptions.Read(retention, env);
        UploadsOptions.Read(uploads, env);

        Assert.True(new RetentionOptionsValidator().Validate(null, retention).Succeeded && new UploadsOptionsValidator().Validate(null, uploads).Succeeded);
        Assert.Empty(env.Problems);
    }
}
