using System.IO.Pipelines;
using Dex.Tus.Digests;

namespace Dex.Tus.Receiving;

/// <summary>Holds one body until its checksum is known to be right, so that no reader ever sees an offset that is taken back (spec: tus.md CK3).</summary>
/// <remarks>Small bodies stay in memory, larger ones go to a file without a name, which is gone when this is disposed, or with the process.</remarks>
internal sealed class ChunkStage(string folder) : IAsyncDisposable
{
    private const int MostInMemory = 1024 * 1024;

    private Stream _staged = new MemoryStream();

    /// <summary>Bytes held.</summary>
    public long Length => _staged.Length;

    /// <summary>Takes a body to its end, whatever that is.</summary>
    public async ValueTask FillAsync(IncomingBody body, CancellationToken cancellationToken)
    {
        while (await body.ReadAsync() is { IsEmpty: false } received)
        {
            if (_staged is MemoryStream memory && memory.Length + received.Length > MostInMemory)
            {
                _staged = OpenUnnamed();
                memory.WriteTo(_staged);
            }

            foreach (var segment in received)
                await _staged.WriteAsync(segment, cancellationToken);
            body.Advance(received.Length);
        }
    }

    /// <summary>Whether what is held has all of these digests.</summary>
    public async ValueTask<bool> MatchesAsync(IReadOnlyList<UploadDigest> expected, CancellationToken cancellationToken)
    {
        if (expected.Count == 0)
            return true;
        _staged.Position = 0;
        using var digests = new RunningDigests(expected.Select(digest => digest.Algorithm));
        await digests.AppendAsync(_staged, cancellationToken);
        return expected.All(digest => digest.Equals(digests.Find(digest.Algorithm)));
    }

    /// <summary>Reads what is held, from its start.</summary>
    public PipeReader OpenReader()
    {
        _staged.Position = 0;
        return PipeReader.Create(_staged, new StreamPipeReaderOptions(bufferSize: 256 * 1024, leaveOpen: true));
    }

    public ValueTask DisposeAsync() => _staged.DisposeAsync();

    private FileStream OpenUnnamed()
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, StagedFiles.NewName());
        var settings = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite };
        if (!OperatingSystem.IsWindows())
            settings.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new FileStream(path, settings);
        File.Delete(path);
        return file;
    }
}
