using Dex.UploadServer.Delivery;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Delivery;

public sealed class DeliveryOptionsTests
{
    [Theory]
    [InlineData("LISTENER_WORKERS", "0")]
    [InlineData("LISTENER_WORKERS", "-1")]
    [InlineData("DELIVERY_TARGET_CONCURRENCY", "0")]
    [InlineData("EVENT_MAX_RETRY_COUNT", "-1")]
    [InlineData("EVENT_RETRY_BASE_MS", "-1")]
    [InlineData("EVENT_RETRY_MAX_MS", "-1")]
    [InlineData("DELIVERY_TIMEOUT", "-1")]
    [InlineData("DELIVERY_PROGRESS_TIMEOUT", "0")]
    [InlineData("DELIVERY_SHUTDOWN_GRACE", "-1")]
    [InlineData("METRICS_POLL_INTERVAL_MILLIS", "0")]
    public void A_wrong_number_is_refused_by_the_name_of_its_variable(string variable, string value)
    {
        var options = Read((variable, value));

        var result = new DeliveryOptionsValidator().Validate(null, options);

        Assert.Contains(variable, Assert.Single(result.Failures!), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_variables_the_documented_values_hold()
    {
        var options = Read();

        Assert.True(new DeliveryOptionsValidator().Validate(null, options).Succeeded);
        Assert.Equal((5, 4, 3), (options.Workers, options.Concurrency, options.MaxRetries));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)), (options.RetryBase, options.RetryMax));
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(30)), (options.Timeout, options.ProgressTimeout));
    }

    [Fact]
    public void No_retries_means_one_attempt()
    {
        var retry = new RetryPolicy(Options.Create(Read(("EVENT_MAX_RETRY_COUNT", "0"))), () => 0.5);

        Assert.True(retry.IsExhausted(1));
    }

    [Theory]
    [InlineData(0.0, new[] { 0.8, 4, 20, 48, 48 })]
    [InlineData(0.5, new[] { 1.0, 5, 25, 60, 60 })]
    [InlineData(1.0, new[] { 1.2, 6, 30, 60, 60 })]
    public void Waits_grow_fivefold_within_a_fifth_and_never_beyond_the_bound(double chance, double[] seconds)
    {
        var retry = new RetryPolicy(Options.Create(new DeliveryOptions()), () => chance);

        var waits = Enumerable.Range(1, seconds.Length).Select(failures => Math.Round(retry.WaitAfter(failures).TotalSeconds, 3));

        Assert.Equal(seconds, waits);
        Assert.True(retry.WaitAfter(int.MaxValue) <= TimeSpan.FromMinutes(1));
    }

    private static DeliveryOptions Read(params (string Name, string Value)[] variables)
    {
        var options = new DeliveryOptions();
        DeliveryOptions.Read(options, new EnvironmentReader(variables.ToDictionary(variable => variable.Name, variable => variable.Value)));
        return options;
    }
}
