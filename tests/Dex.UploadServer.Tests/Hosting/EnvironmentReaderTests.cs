using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class EnvironmentReaderTests
{
    private static EnvironmentReader With(string value) => new(new Dictionary<string, string> { ["X"] = value });

    [Theory]
    [InlineData("12", 12)]
    [InlineData(" 12 ", 12)]
    [InlineData("-3", -3)]
    [InlineData("+3", 3)]
    [InlineData("0", 0)]
    [InlineData("0x1F", 31)]
    [InlineData("0x_1f", 31)]
    [InlineData("0o17", 15)]
    [InlineData("017", 15)]
    [InlineData("0b101", 5)]
    [InlineData("1_000", 1000)]
    [InlineData("2147483647", int.MaxValue)]
    [InlineData("", 7)]
    [InlineData("  ", 7)]
    public void Integers_are_read_in_every_known_notation(string value, int expected)
    {
        var reader = With(value);

        Assert.Equal((expected, 0), (reader.Integer("X", 7), reader.Problems.Count));
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("1.5")]
    [InlineData("08")]
    [InlineData("0x")]
    [InlineData("1__0")]
    [InlineData("_1")]
    [InlineData("1_")]
    [InlineData("0b2")]
    [InlineData("--1")]
    [InlineData("1 2")]
    [InlineData("٣")]
    [InlineData("2147483648")]
    [InlineData("99999999999999999999999")]
    public void An_integer_that_is_none_is_a_problem_with_its_name_and_value(string value)
    {
        var reader = With(value);

        var number = reader.Integer("X", 7);

        Assert.Equal(7, number);
        Assert.StartsWith($"X is \"{value}\"", Assert.Single(reader.Problems));
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("T", true)]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("TRUE", true)]
    [InlineData("0", false)]
    [InlineData("f", false)]
    [InlineData("F", false)]
    [InlineData("false", false)]
    [InlineData("False", false)]
    [InlineData("FALSE", false)]
    [InlineData("", true)]
    public void Booleans_are_read_in_every_known_spelling(string value, bool expected)
    {
        var reader = With(value);

        Assert.Equal((expected, 0), (reader.Boolean("X", true), reader.Problems.Count));
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("tRUE")]
    [InlineData("on")]
    [InlineData("2")]
    public void A_boolean_in_another_spelling_is_a_problem(string value)
    {
        var reader = With(value);

        _ = reader.Boolean("X", false);

        Assert.StartsWith($"X is \"{value}\"", Assert.Single(reader.Problems));
    }

    [Fact]
    public void A_list_is_trimmed_item_by_item() =>
        Assert.Equal(["a", "b c", "d"], With(" a, b c ,,d").List("X", []));

    [Fact]
    public void A_huge_value_is_not_shown_whole()
    {
        var reader = With(new string('x', 100_000));

        _ = reader.Integer("X", 7);

        Assert.InRange(Assert.Single(reader.Problems).Length, 64, 200);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("08080", 8080)]
    [InlineData("65535", 65535)]
    public void A_port_is_decimal(string value, int expected) => Assert.Equal(expected, With(value).Port("X", 1));

    [Theory]
    [InlineData("65536")]
    [InlineData("-1")]
    [InlineData(":8080")]
    [InlineData("0x50")]
    [InlineData("http")]
    public void A_port_that_is_none_is_a_problem(string value)
    {
        var reader = With(value);

        _ = reader.Port("X", 1);

        Assert.Single(reader.Problems);
    }
}
