using System.Buffers;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Joins the data of partial uploads under a temporary name, within the kernel where it can (spec: tus.md 11, SF2).</summary>
internal sealed class FileConcatenation(UploadFolder folder, StoredUploads uploads)
{
    private const long StepBytes = 64L << 20;
    private const int BlockBytes = 1 << 20;

    /// <summary>Makes the content of a final upload; it has no name of its own until it is moved.</summary>
    /// <param name="length">The sum of the parts' lengths.</param>
    public JoinedFile Join(string uploadId, long length, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        var temporary = folder.TemporaryPath(uploadId);
        try
        {
            return new JoinedFile(temporary, length, JoinInto(temporary, length, parts, cancellationToken));
        }
        catch (Exception error)
        {
            Posix.Delete(temporary);
            if (error is IOException failed && Posix.Translate(failed) is StoreFullException full)
                throw full;
            throw;
        }
    }

    private uint JoinInto(string path, long length, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        using var target = Posix.CreateFile(path);
        var checksums = new Dictionary<string, uint>(StringComparer.Ordinal);
        var position = 0L;
        var crc = 0u;
        foreach (var part in parts)
        {
            var stored = uploads.Find(part.Id);
            if (stored is null || stored.Offset != part.Length)
                throw new IOException("a part of the upload to join is gone or has changed");

            using var source = Posix.OpenToRead(stored.DataPath) ?? throw new FileNotFoundException("a part is gone", stored.DataPath);
            if (!checksums.TryGetValue(part.Id, out var partCrc))
            {
                partCrc = DataChecksum.Complete(source, stored.Offset, stored.Progress, cancellationToken);
                checksums.Add(part.Id, partCrc);
            }

            Copy(source, stored.Offset, target, position, path, cancellationToken);
            position += stored.Offset;
            crc = Crc32C.Combine(crc, partCrc, stored.Offset);
        }

        if (position != length)
            throw new IOException("the parts' lengths do not add up");
        if (folder.Flushes)
            Posix.FlushData(target, path);
        Posix.Close(target, path);
        return crc;
    }

    private static void Copy(SafeFileHandle source, long length, SafeFileHandle target, long position, string path, CancellationToken cancellationToken)
    {
        for (var done = 0L; done < length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var copied = Posix.CopyRange(source, done, target, position + done, Math.Min(StepBytes, length - done), path)
                ?? CopyBlock(source, done, target, position + done, Math.Min(BlockBytes, length - done));
            if (copied == 0)
                throw new EndOfStreamException("a part's data ends too early");
            done += copied;
        }
    }

    private static long CopyBlock(SafeFileHandle source, long sourceOffset, SafeFileHandle target, long targetOffset, long bytes)
    {
        var block = ArrayPool<byte>.Shared.Rent((int)bytes);
        try
        {
            var read = RandomAccess.Read(source, block.AsSpan(0, (int)bytes), sourceOffset);
            RandomAccess.Write(target, block.AsSpan(0, read), targetOffset);
            return read;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
