namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Makes the folder and removes what a killed process left in it, while the server already listens (spec: reliability.md C3, E1).</summary>
internal sealed partial class FileSystemStartup(UploadFolder folder, TimeProvider clock, ILogger<FileSystemStartup> logger) : BackgroundService
{
    private readonly DateTimeOffset _startedAt = clock.GetUtcNow();

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            folder.EnsureExists();
            foreach (var name in folder.Names())
            {
                if (stoppingToken.IsCancellationRequested)
                    break;
                RemoveLeftover(name);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogSweepFailed(error.Message);
        }

        return Task.CompletedTask;
    }

    private void RemoveLeftover(string name)
    {
        var path = $"{folder.Path}/{name}";
        if ((UploadFolder.IsTemporary(name) || IsProgressOfNothing(name)) && Posix.Stat(path)?.ModifiedAt < _startedAt)
            Posix.Delete(path);
    }

    private bool IsProgressOfNothing(string name) =>
        name.EndsWith(UploadFolder.ProgressSuffix, StringComparison.Ordinal)
        && name[..^UploadFolder.ProgressSuffix.Length] is var id && UploadFolder.IsId(id)
        && Posix.Stat(folder.RecordPath(id)) is null;

    [LoggerMessage(LogLevel.Warning, "failed to clean the upload folder {error}")]
    private partial void LogSweepFailed(string error);
}
