using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class DotenvParserTests
{
    [Theory]
    // Keys
    [InlineData("A=1", "A=1")]
    [InlineData("A: 1", "A=1")]
    [InlineData("export A=1", "A=1")]
    [InlineData("export\tA=1", "A=1")]
    [InlineData("export=1", "export=1")]
    [InlineData("exported=1", "exported=1")]
    [InlineData("  A  =  1  ", "A=1")]
    [InlineData("a.b_C9=1", "a.b_C9=1")]
    [InlineData("A=1\r\nB=2\r\n", "A=1|B=2")]
    [InlineData("\uFEFFA=1", "A=1")]
    [InlineData("A=1\nA=2", "A=2")]
    [InlineData("=1\nB=2", "B=2")]
    [InlineData("A=1\nB", "A=1")]
    [InlineData("", "")]
    [InlineData("\n \n\t\n# only this", "")]
    // Unquoted values
    [InlineData("A=", "A=")]
    [InlineData("A=\nB=2", "A=|B=2")]
    [InlineData("A=b=c:d", "A=b=c:d")]
    [InlineData("A=b c", "A=b c")]
    [InlineData("A=b#c", "A=b#c")]
    [InlineData("A=b # c # d", "A=b")]
    [InlineData("A=b\t# c", "A=b")]
    [InlineData("A= # c", "A=")]
    [InlineData("A=#c", "A=#c")]
    [InlineData("# B=1\nA=1", "A=1")]
    [InlineData("A=\\n", "A=\\n")]
    [InlineData("A=it's", "A=it's")]
    // Quoted values
    [InlineData("A='$B \\n #x'", "A=$B \\n #x")]
    [InlineData("A='one\ntwo'", "A=one\ntwo")]
    [InlineData("A=\"one\r\ntwo\"", "A=one\ntwo")]
    [InlineData("A=\"a\\nb\\rc\\td\\\\e\"", "A=a\nb\rctd\\e")]
    [InlineData("A=\"say \\\"hi\\\" now\"", "A=say \"hi\" now")]
    [InlineData("A=\"\"\nB=''", "A=|B=")]
    [InlineData("A=\"x\"#y\nB=1", "A=x|B=1")]
    [InlineData("A=\" x \"", "A= x ")]
    // Names in values
    [InlineData("A=1\nB=$A-${A}", "A=1|B=1-1")]
    [InlineData("A=1\nB=\"$A\"", "A=1|B=1")]
    [InlineData("B=$A\nA=1", "A=1|B=")]
    [InlineData("B=[$PATH]", "B=[]")]
    [InlineData("a=1\nB=$a ${a}", "B=$a ${a}|a=1")]
    [InlineData("A=1\nB=\\$A", "A=1|B=$A")]
    [InlineData("A=1\nB=\"\\$A\"", "A=1|B=$A")]
    [InlineData("A=$", "A=$")]
    [InlineData("A=1\nB=${A", "A=1|B=${A")]
    [InlineData("A=1\nB=$Abc", "A=1|B=1bc")]
    [InlineData("A=$A$A\nA=${A}x", "A=x")]
    public void A_file_is_read_as_operators_write_it(string text, string expected)
    {
        var variables = DotenvParser.Parse(text);

        Assert.Equal(expected, string.Join('|', variables.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")));
    }

    [Theory]
    [InlineData("MY-KEY=hush", "unexpected character \"-\" in variable name near line 1")]
    [InlineData("A=1\n\n{\"hush\":1}", "unexpected character \"{\" in variable name near line 3")]
    [InlineData("hush\nA=1", "unexpected character \"\\x0a\" in variable name near line 1")]
    [InlineData("K\0=hush", "unexpected character \"\\x00\" in variable name near line 1")]
    [InlineData("A=hush\0", "unexpected character \"\\x00\" in the value of A")]
    [InlineData("Ä=hush", "unexpected character \"Ä\" in variable name near line 1")]
    [InlineData("A=1\nB=\"hush\nC=2", "unterminated quoted value of B near line 2")]
    [InlineData("B='hush\\'", "unterminated quoted value of B near line 1")]
    [InlineData("A=\"hush\" B-=", "unexpected character \"-\" in variable name near line 1")]
    public void A_malformed_file_is_refused_without_showing_a_value(string text, string expected)
    {
        var refused = Assert.Throws<FormatException>(() => DotenvParser.Parse(text));

        Assert.Equal(expected, refused.Message);
    }

    [Fact]
    public void A_huge_line_is_read_in_linear_time()
    {
        var text = "A=\"" + new string('$', 500_000) + "\"\nB=" + new string('#', 500_000);

        var variables = DotenvParser.Parse(text);

        Assert.Equal((500_000, 500_000), (variables["A"].Length, variables["B"].Length));
    }
}
