using Dex.Bench.Commands;

namespace Dex.Bench;

/// <summary>Exit code 0: done; 1: something failed, or a goal was missed and <c>--check</c> was given; 2: wrong command line.</summary>
internal static class Program
{
    private const string Usage = """
        Dex.Bench load --url URL --scenario NAME [--pid PID] [--rounds N] [--stored FOLDER]   loads a server that runs already

        Load: --seconds N  --operations N  --connections N  --held N  --divisor N  --load-cpu N
        """;

    public static int Main(string[] args)
    {
        try
        {
            var arguments = new Arguments(args);
            switch (arguments.Words)
            {
                case ["load"]:
                    return LoadCommand.Run(arguments);
                default:
                    Console.Error.WriteLine(Usage);
                    return 2;
            }
        }
        catch (ArgumentException wrong)
        {
            Console.Error.WriteLine(wrong.Message);
            Console.Error.WriteLine(Usage);
            return 2;
        }
    }
}
