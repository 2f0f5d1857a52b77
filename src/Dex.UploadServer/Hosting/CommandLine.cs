namespace Dex.UploadServer.Hosting;

/// <summary>The words after the program's name (spec: config.md 1.1): one flag, in the spellings operators are used to, and one command.</summary>
/// <param name="AppConfigFile">File to load variables from, or null.</param>
/// <param name="Problem">Why the words cannot be understood, or null.</param>
/// <param name="HelpWanted">Whether to show the usage and end.</param>
/// <param name="IsSweep">Whether to clean the upload store once instead of serving.</param>
/// <param name="DryRun">Whether to count only what a sweep would remove.</param>
internal sealed record CommandLine(string? AppConfigFile = null, string? Problem = null, bool HelpWanted = false, bool IsSweep = false, bool DryRun = false)
{
    public const string Usage =
        """
        Usage of dex-upload-server [flags] [sweep [-dry-run]]:
          -appconf FILE
                file with environment variables (NAME=value lines); those of the process win
          -h, -help
                show this text
          sweep
                remove expired uploads and leftovers from the upload store, and end; no server may run on it
          sweep -dry-run
                count what would be removed; may run beside servers

        """;

    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        string? file = null;
        var (isSweep, dryRun) = (false, false);
        for (var at = 0; at < args.Count; at++)
        {
            var word = args[at];
            if (word == "sweep" && !isSweep)
            {
                isSweep = true;
                continue;
            }

            if (word is "--" || word.Length < 2 || word[0] != '-')
                break; // what follows is not ours to judge

            var flag = word[(word[1] == '-' ? 2 : 1)..];
            var equals = flag.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? flag : flag[..equals];
            switch (name)
            {
                case "" or ['-', ..]:
                    return new CommandLine(Problem: $"bad flag syntax: {word}");
                case "h" or "help":
                    return new CommandLine(HelpWanted: true);
                case "dry-run" when isSweep && equals < 0:
                    dryRun = true;
                    break;
                case "appconf" when equals >= 0:
                    file = flag[(equals + 1)..];
                    break;
                case "appconf" when ++at < args.Count:
                    file = args[at];
                    break;
                case "appconf":
                    return new CommandLine(Problem: "flag needs an argument: -appconf");
                default:
                    return new CommandLine(Problem: $"flag provided but not defined: -{name}");
            }
        }

        return new CommandLine(string.IsNullOrEmpty(file) ? null : file, IsSweep: isSweep, DryRun: dryRun);
    }
}
