using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>A target that is a folder (spec: delivery.md 5 and 10.3, reliability.md 5).</summary>
/// <param name="name">The target's plain name.</param>
/// <param name="root">As the operator wrote it.</param>
/// <param name="flush">Whether a delivery outlives a power failure (<c>UPLOAD_DURABILITY</c> other than <c>none</c>).</param>
internal sealed class FileSystemDestination(string name, string root, bool flush) : IDeliveryDestination
{
    /// <summary>Threads at most: those of running deliveries and health checks, and of calls that hang.</summary>
    private const int ThreadLimit = 32;

    private const int Block = 1 << 20;

    private readonly WorkerThreads _threads = new($"deliver to {name}", ThreadLimit);
    private readonly string _root = LexicalPath.Clean(root);

    /// <summary>The target's plain name.</summary>
    public string Name => name;

    public async ValueTask<DeliveredFile> DeliverAsync(SourceFile source, string path, IProgress<long> progress, CancellationToken cancellationToken)
    {
        var location = LexicalPath.Clean($"{_root}/{path}");
        if (source.LocalPath is { } local)
            await _threads.RunAsync(() => CopyLocalFile(source, local, path, location, progress, cancellationToken));
        else
            await CopyStreamAsync(source, path, location, progress, cancellationToken);
        return new DeliveredFile(location, ImmutableArray<string>.Empty);
    }

    public async ValueTask PrepareAsync(DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        await _threads.RunAsync(() => TargetFolder.OpenFor(_root, "", flush).Dispose()).WaitAsync(cancellationToken);
        await _threads.RunAsync(() => LeftoverSweep.Run(_root, startedAt, cancellationToken)).WaitAsync(cancellationToken);
    }

    // Not cut short: whoever asks must not ask again while a check hangs.
    public async ValueTask CheckAsync(CancellationToken cancellationToken) => await _threads.RunAsync(() => FolderCheck.Run(root));

    private void CopyLocalFile(SourceFile source, string local, string path, string location, IProgress<long> progress, CancellationToken cancellationToken)
    {
        using var original = OpenSource(local, source.Length);
        using var folder = TargetFolder.OpenFor(_root, path, flush);
        using var part = new PartFile(folder, source.UploadId, location, flush);
        uint read;
        if (part.TryClone(original))
        {
            // Shared blocks cannot differ, but the upload's own may have changed since it arrived.
            read = part.ReadBack(progress, cancellationToken);
        }
        else
        {
            read = part.CopyFrom(original, source.Length, progress, cancellationToken);
            part.Complete();
        }

        source.RequireUnchanged(read);

        // Whoever has given this attempt up must not see it succeed later.
        cancellationToken.ThrowIfCancellationRequested();
        part.Publish(FileName(path));
    }

    private async Task CopyStreamAsync(SourceFile source, string path, string location, IProgress<long> progress, CancellationToken cancellationToken)
    {
        await using var original = await source.OpenAsync(cancellationToken);
        var folder = await _threads.RunAsync(() => TargetFolder.OpenFor(_root, path, flush));
        PartFile? part = null;
        var block = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            part = await _threads.RunAsync(() => new PartFile(folder, source.UploadId, location, flush));
            uint read = 0;
            long length = 0;
            while (await original.ReadAtLeastAsync(block.AsMemory(0, Block), Block, throwOnEndOfStream: false, cancellationToken) is > 0 and var bytes)
            {
                read = Crc32C.Append(read, block.AsSpan(0, bytes));
                length += bytes;
                if (length > source.Length)
                    break;
                await _threads.RunAsync(() => part.Append(block.AsSpan(0, bytes), progress));
            }

            if (length != source.Length)
                throw new DeliverySourceException($"source file has {(length > source.Length ? "at least" : "only")} {length} bytes instead of {source.Length}");
            var written = await _threads.RunAsync(() => part.ReadBack(progress, cancellationToken));
            source.RequireUnchanged(read);
            if (written != read)
                throw new IOException($"{location} was not written right: checksum {written:x8} instead of {read:x8}");
            cancellationToken.ThrowIfCancellationRequested();
            await _threads.RunAsync(() => part.Publish(FileName(path)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
            await _threads.RunAsync(() =>
            {
                part?.Dispose();
                folder.Dispose();
            });
        }
    }

    private static SafeFileHandle OpenSource(string path, long length)
    {
        var file = DeliverySyscalls.OpenAt(DeliverySyscalls.CurrentFolder, path, DeliverySyscalls.ReadOnly | DeliverySyscalls.CloseOnExec, 0);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            file.Dispose();
            throw new DeliverySourceException(error == DeliverySyscalls.NoSuchEntry
                ? "source file does not exist"
                : $"source file cannot be opened: {DeliverySyscalls.Describe(error)}");
        }

        var found = RandomAccess.GetLength(file);
        if (found == length)
            return file;
        file.Dispose();
        throw new DeliverySourceException($"source file has {found} bytes instead of {length}");
    }

    private static string FileName(string path) => path[(path.LastIndexOf('/') + 1)..];
}
