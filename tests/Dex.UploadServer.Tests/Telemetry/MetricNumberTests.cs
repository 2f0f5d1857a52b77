using Dex.UploadServer.Telemetry.Metrics;

namespace Dex.UploadServer.Tests.Telemetry;

public sealed class MetricNumberTests
{
    private static readonly string[] FrozenBounds =
    [
        "10", "25", "62.5", "156.25", "390.625", "976.5625", "2441.40625", "6103.515625", "15258.7890625", "38146.97265625",
        "95367.431640625", "238418.5791015625", "596046.4477539062", "1.4901161193847656e+06", "3.725290298461914e+06",
        "9.313225746154785e+06", "2.3283064365386963e+07", "5.820766091346741e+07", "1.4551915228366852e+08", "3.637978807091713e+08",
    ];

    [Fact]
    public void The_bounds_of_the_speed_histograms_have_the_frozen_texts()
    {
        var bounds = Enumerable.Range(0, 20).Select(n => 10 * Math.Pow(2.5, n));

        var texts = bounds.Select(MetricNumber.Format);

        Assert.Equal(FrozenBounds, texts);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.0, "0")]
    [InlineData(1, "1")]
    [InlineData(-1, "-1")]
    [InlineData(100, "100")]
    [InlineData(100000, "100000")]
    [InlineData(999999, "999999")]
    [InlineData(1000000, "1e+06")]
    [InlineData(1234567, "1.234567e+06")]
    [InlineData(-1234567.5, "-1.2345675e+06")]
    [InlineData(0.5, "0.5")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00012345, "0.00012345")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(-0.000012345, "-1.2345e-05")]
    [InlineData(10.0625, "10.0625")]
    [InlineData(1e21, "1e+21")]
    [InlineData(9007199254740993, "9.007199254740992e+15")]
    [InlineData(double.MaxValue, "1.7976931348623157e+308")]
    [InlineData(double.Epsilon, "5e-324")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    public void Numbers_look_as_the_predecessor_wrote_them(double number, string expected) =>
        Assert.Equal(expected, MetricNumber.Format(number));
}
