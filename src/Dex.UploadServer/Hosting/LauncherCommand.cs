namespace Dex.UploadServer.Hosting;

/// <summary>Something to be done once instead of serving.</summary>
/// <param name="Build">Makes the rooms it needs; nothing is started.</param>
/// <param name="RunAsync">Does it, tells of it, and returns the exit code.</param>
internal sealed record LauncherCommand(
    Func<string[], IReadOnlyDictionary<string, string>, WebApplication> Build,
    Func<IServiceProvider, CommandLine, TextWriter, CancellationToken, Task<int>> RunAsync);
