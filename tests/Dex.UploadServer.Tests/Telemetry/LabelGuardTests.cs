using Dex.UploadServer.Telemetry;

namespace Dex.UploadServer.Tests.Telemetry;

public sealed class LabelGuardTests
{
    [Fact]
    public void A_value_that_is_too_long_is_other()
    {
        var guard = new LabelGuard(longestValue: 3);
        string[] values = ["abc", "abcd", new string('x', 1_000_000), ""];

        guard.Bound(values);

        Assert.Equal(["abc", "other", "other", ""], values);
    }

    [Fact]
    public void Values_beyond_the_limit_are_other_and_known_ones_stay()
    {
        var guard = new LabelGuard(mostValues: 2);

        var shown = new[] { "a", "b", "c", "a", "d", "b" }.Select(value => Bound(guard, value)[0]);

        Assert.Equal(["a", "b", "other", "a", "other", "b"], shown);
    }

    [Fact]
    public void Combinations_beyond_the_limit_are_other_in_every_label()
    {
        var guard = new LabelGuard(mostSeries: 2);
        Bound(guard, "a", "1");
        Bound(guard, "b", "2");

        Assert.Equal(["other", "other"], Bound(guard, "a", "2"));
        Assert.Equal(["a", "1"], Bound(guard, "a", "1"));
    }

    private static string[] Bound(LabelGuard guard, params string[] values)
    {
        guard.Bound(values);
        return values;
    }
}
