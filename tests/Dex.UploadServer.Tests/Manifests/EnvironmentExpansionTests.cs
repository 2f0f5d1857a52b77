using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Tests.Manifests;

public sealed class EnvironmentExpansionTests
{
    private static readonly Dictionary<string, string> s_variables = new(StringComparer.Ordinal)
    {
        ["NAME"] = "value",
        ["a_1"] = "lower",
        ["WITH SPACE"] = "odd",
        ["DOLLAR"] = "$NAME",
        ["EMPTY"] = "",
    };

    [Theory]
    [InlineData("nothing to do", "nothing to do")]
    [InlineData("", "")]
    [InlineData("$NAME", "value")]
    [InlineData("x$NAME-y", "xvalue-y")]
    [InlineData("${NAME}s", "values")]
    [InlineData("$NAMEs", "")]
    [InlineData("$a_1.", "lower.")]
    [InlineData("${WITH SPACE}", "odd")]
    [InlineData("$UNSET|", "|")]
    [InlineData("${UNSET}|", "|")]
    [InlineData("$EMPTY|", "|")]
    [InlineData("$DOLLAR", "$NAME")]
    [InlineData("$1", "")]
    [InlineData("$12", "2")]
    [InlineData("a$$b", "ab")]
    [InlineData("a$*b$#c$@d$!e$?f$-g", "abcdefg")]
    [InlineData("$ 5", "$ 5")]
    [InlineData("100$", "100$")]
    [InlineData("$\"x\"", "$\"x\"")]
    [InlineData("$é", "$é")]
    [InlineData("a${}b", "ab")]
    [InlineData("a${b", "ab")]
    [InlineData("a${", "a")]
    [InlineData("${$}|", "|")]
    [InlineData("$NAME$NAME", "valuevalue")]
    public void Text_is_expanded_as_tabled(string text, string expected) =>
        Assert.Equal(expected, EnvironmentExpansion.Expand(text, s_variables.GetValueOrDefault));
}
