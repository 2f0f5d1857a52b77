using Dex.Testing;

namespace Dex.UploadServer.Tests.Sequences;

/// <summary>What an upload leaves in the folders: its bytes, its event, and what arrives at the target.</summary>
internal static class LeftBehind
{
    public static async Task CheckAsync(RestartableServer server, ModelUpload upload)
    {
        var data = Path.Combine(server.Folder.Uploads, upload.Id);
        if (upload.IsDeleted)
            Assert.Empty(Directory.EnumerateFiles(server.Folder.Uploads, $"{upload.Id}*"));
        else
            Assert.True((await File.ReadAllBytesAsync(data)).AsSpan().SequenceEqual(upload.Content), $"{upload.Id} has other bytes");

        var isProcessed = upload.WasComplete && !upload.IsPart;
        if (isProcessed)
            await Eventually.TrueAsync(() => EventsOf(server, upload) >= 1);
        Assert.Equal(isProcessed ? 1 : 0, EventsOf(server, upload));
        if (!isProcessed || upload.IsDeleted)
            return;

        await Eventually.TrueAsync(async () => await server.FindInfoAsync(upload.Id) is { } info && info.IsDelivered("edav"));
        var delivered = Assert.Single(Directory.EnumerateFiles(server.Folder.Target("edav"), $"*_{upload.Id}", SearchOption.AllDirectories));
        Assert.True((await File.ReadAllBytesAsync(delivered)).AsSpan().SequenceEqual(upload.Content), $"{upload.Id} was delivered with other bytes");
    }

    private static int EventsOf(RestartableServer server, ModelUpload upload)
    {
        var events = Path.Combine(server.Folder.Events, $"{upload.Id}_FileReady");
        return File.Exists(events) ? File.ReadAllLines(events).Length : 0;
    }
}
