namespace Dex.Bench.Comparing;

/// <summary>Where servers and generator run, and where they keep files.</summary>
/// <param name="ServerProcessor">Null for anywhere.</param>
/// <param name="LoadProcessor">Null for anywhere.</param>
/// <param name="SmallFolder">For scenarios with many small files: in memory, where possible.</param>
/// <param name="LargeFolder">For scenarios with large files: on a disk.</param>
internal sealed record Placement(int? ServerProcessor, int? LoadProcessor, string SmallFolder, string LargeFolder)
{
    public static IReadOnlyList<string> Options { get; } = ["no-pin", "server-cpu", "load-cpu", "dir", "small-dir", "large-dir"];

    public static Placement Read(Arguments arguments)
    {
        var pins = Environment.ProcessorCount > 1 && !arguments.Has("no-pin");
        return new Placement(
            pins ? arguments.Integer("server-cpu") ?? 1 : null,
            pins ? arguments.Integer("load-cpu") ?? 0 : null,
            arguments.Text("small-dir") ?? arguments.Text("dir") ?? (Directory.Exists("/dev/shm") ? "/dev/shm" : "/var/tmp"),
            arguments.Text("large-dir") ?? arguments.Text("dir") ?? "/var/tmp");
    }
}
