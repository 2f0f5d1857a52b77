using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("-appconf=f.env", "f.env")]
    [InlineData("--appconf=f.env", "f.env")]
    [InlineData("-appconf f.env", "f.env")]
    [InlineData("--appconf f.env", "f.env")]
    [InlineData("-appconf=", null)]
    [InlineData("-appconf=a=b", "a=b")]
    [InlineData("-appconf a -appconf b", "b")]
    [InlineData("-appconf -h", "-h")]
    [InlineData("serve -appconf f.env", null)]
    [InlineData("- -x", null)]
    [InlineData("-- -x", null)]
    [InlineData("-appconf f.env more -x", "f.env")]
    public void The_file_is_taken_in_every_spelling(string words, string? expected)
    {
        var commandLine = CommandLine.Parse(words.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(new CommandLine(expected), commandLine);
    }

    [Theory]
    [InlineData("-h", 0, "Usage of")]
    [InlineData("-help", 0, "Usage of")]
    [InlineData("--help", 0, "Usage of")]
    [InlineData("-appconf x --help", 0, "Usage of")]
    [InlineData("-nope", 2, "flag provided but not defined: -nope")]
    [InlineData("--nope=1", 2, "flag provided but not defined: -nope")]
    [InlineData("-Appconf=x", 2, "flag provided but not defined: -Appconf")]
    [InlineData("-appconf", 2, "flag needs an argument: -appconf")]
    [InlineData("---x", 2, "bad flag syntax: ---x")]
    [InlineData("-=x", 2, "bad flag syntax: -=x")]
    public async Task Help_and_mistakes_show_the_usage_and_never_build_a_server(string words, int expectedCode, string expectedText)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var launcher = new Launcher((_, _) => throw new InvalidOperationException("built"), Variables.None, output, error);

        var code = await launcher.RunAsync(words.Split(' '));

        Assert.Equal((expectedCode, ""), (code, output.ToString()));
        Assert.StartsWith(expectedText, error.ToString());
        Assert.Contains("-appconf FILE", error.ToString());
    }
}
