using System.Diagnostics;

namespace Dex.Bench.Servers;

/// <summary><c>@tus/server</c> from npm, at the version that <c>bench/peers</c> pins.</summary>
internal static class NodeServer
{
    public static ServerLaunch Describe(string folder)
    {
        var peers = Path.Combine(FindRepository(new DirectoryInfo(AppContext.BaseDirectory)), "bench", "peers");
        if (!Directory.Exists(Path.Combine(peers, "node_modules")))
            Install(peers);

        var uploads = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
        return new ServerLaunch
        {
            Program = "node",
            Arguments = [Path.Combine(peers, "tus-node.mjs"), uploads],
            Environment = new Dictionary<string, string> { ["NODE_ENV"] = "production" },
            UploadsFolder = uploads,
            DataFolders = [uploads],
        };
    }

    private static void Install(string peers)
    {
        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        {
            WorkingDirectory = peers,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("npm did not start.");
        npm.StandardOutput.ReadToEnd();
        npm.WaitForExit();
        if (npm.ExitCode != 0)
            throw new InvalidOperationException($"npm ci in {peers} ended with {npm.ExitCode}.");
    }

    private static string FindRepository(DirectoryInfo folder) =>
        File.Exists(Path.Combine(folder.FullName, "Dex.slnx"))
            ? folder.FullName
            : FindRepository(folder.Parent ?? throw new InvalidOperationException("The bench does not lie in the repository, so it cannot find bench/peers."));
}
