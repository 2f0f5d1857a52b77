using Dex.Bench.Load;
using Dex.Bench.Measuring;
using Dex.Bench.Scenarios;

namespace Dex.Bench.Commands;

/// <summary><c>load</c>: loads a server that runs already.</summary>
internal static class LoadCommand
{
    public static int Run(Arguments arguments)
    {
        arguments.Allow(["url", "scenario", "pid", "rounds", "stored", .. LoadOptions.Names]);
        var scenario = ScenarioCatalogue.Find(arguments.Required("scenario"));
        using var payload = new Payload();
        var job = LoadOptions.Apply(arguments, new LoadJob
        {
            Target = new TusTarget(new Uri(arguments.Required("url"))),
            Payload = payload,
            Server = arguments.Integer("pid") is { } pid ? new ProcessMeter(pid) : null,
        });

        for (var round = 0; round < (arguments.Integer("rounds") ?? 1); round++)
        {
            var measurement = Measurement.Take(scenario, job);
            Console.WriteLine(string.Join("  ", measurement.Figures.Select(pair => $"{pair.Key.Show(pair.Value)} {pair.Key.Title()}")));
            if (arguments.Text("stored") is { } folder)
                CheckAndRemove(payload, folder, measurement.Outcome.Uploads);
        }

        return 0;
    }

    private static void CheckAndRemove(Payload payload, string folder, IEnumerable<StoredUpload> uploads)
    {
        foreach (var upload in uploads)
        {
            var path = Path.Combine(folder, upload.Id);
            payload.Require(path, upload.Length);
            File.Delete(path);
        }
    }
}
