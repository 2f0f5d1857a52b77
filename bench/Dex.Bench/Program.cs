using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dex.Bench.Commands;

namespace Dex.Bench;

/// <summary>Exit code 0: done; 1: something failed, or a goal was missed and <c>--check</c> was given; 2: wrong command line.</summary>
internal static class Program
{
    private const string Usage = """
        Dex.Bench compare --scenario NAME,… --servers NAME,…   starts servers and loads them in turn
        Dex.Bench goals [--goals 1,2,…] [--check]              measures every goal, and says which are met
        Dex.Bench protocols [--mebibytes N]                    compares HTTP/2 with HTTP/1.1, with TLS and without
        Dex.Bench load --url URL --scenario NAME [--pid PID] [--stored FOLDER]   loads a server that runs already
        Dex.Bench deliveries [--mebibytes N] [--latency N]     carries a file from and to S3 in parts, in one stream, and by the store
        Dex.Bench uploads [--mebibytes N] [--latency N]        sends a file to a server with uploads in S3, part by part and in parallel
        Dex.Bench deliveries --to azure [--mebibytes N] [--latency N]            the same to Azure, from a file, S3 and Azure
        Dex.Bench serve engine|sink|sink-discard --folder FOLDER                 becomes one of the bench's own servers
        Dex.Bench list                                         scenarios and servers

        Rounds:    --rounds N  --warmups N  --markdown FILE
        Load:      --seconds N  --operations N  --connections N  --held N  --divisor N
        Placement: --no-pin  --server-cpu N  --load-cpu N  --dir FOLDER  --small-dir FOLDER  --large-dir FOLDER
        """;

    public static async Task<int> Main(string[] args)
    {
        // Ends in the usual way, so that servers are ended and folders removed.
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Environment.Exit(130));
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Environment.Exit(143));
        try
        {
            var arguments = new Arguments(args, "no-pin", "check");
            return arguments.Words switch
            {
                ["compare"] => CompareCommand.Run(arguments),
                ["goals"] => GoalsCommand.Run(arguments),
                ["protocols"] => ProtocolsCommand.Run(arguments),
                ["load"] => LoadCommand.Run(arguments),
                ["deliveries"] when arguments.Text("to") == "azure" => await AzureDeliveriesCommand.RunAsync(arguments),
                ["deliveries"] => await DeliveriesCommand.RunAsync(arguments),
                ["uploads"] => await UploadsCommand.RunAsync(arguments),
                ["serve", var server] => ServeCommand.Run(server, arguments),
                ["list"] => ListCommand.Run(),
                _ => throw new ArgumentException("There is no such command."),
            };
        }
        catch (ArgumentException wrong)
        {
            Console.Error.WriteLine(wrong.Message);
            Console.Error.WriteLine(Usage);
            return 2;
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or InvalidOperationException or TimeoutException or SocketException)
        {
            Console.Error.WriteLine(failure);
            return 1;
        }
    }
}
