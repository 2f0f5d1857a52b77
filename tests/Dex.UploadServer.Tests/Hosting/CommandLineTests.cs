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
    [InlineData("sweep", null, false)]
    [InlineData("sweep -dry-run", null, true)]
    [InlineData("sweep --dry-run -appconf f.env", "f.env", true)]
    [InlineData("-appconf f.env sweep", "f.env", false)]
    [InlineData("sweep serve -dry-run", null, false)]
    [InlineData("sweep -- -dry-run", null, false)]
    public void A_sweep_is_asked_for_by_its_name(string words, string? file, bool dryRun) =>
        Assert.Equal(new CommandLine(file, IsSweep: true, DryRun: dryRun), CommandLine.Parse(words.Split(' ')));

    [Theory]
    [InlineData("-appconf sweep")]
    [InlineData("serve sweep")]
    [InlineData("Sweep")]
    [InlineData("-- sweep")]
    public void Nothing_else_is_taken_for_a_sweep(string words) => Assert.False(CommandLine.Parse(words.Split(' ')).IsSweep);

    [Theory]
    [InlineData("-dry-run", 2, "flag provided but not defined: -dry-run")]
    [InlineData("-dry-run sweep", 2, "flag provided but not defined: -dry-run")]
    [InlineData("sweep -dry-run=false", 2, "flag provided but not defined: -dry-run")]
    [InlineData("sweep -force", 2, "flag provided but not defined: -force")]
    [InlineData("sweep -h", 0, "Usage of")]
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
