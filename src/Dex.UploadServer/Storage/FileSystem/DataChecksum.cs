using System.Buffers;
using Dex.Tus.Receiving;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Reads stored bytes again where their checksum is not known from their arrival.</summary>
internal static class DataChecksum
{
    private const int BlockBytes = 1 << 20;

    /// <summary><paramref name="crc"/> continued over the bytes <paramref name="from"/> to <paramref name="to"/>.</summary>
    /// <exception cref="EndOfStreamException">The file is shorter.</exception>
    public static uint Read(SafeFileHandle file, long from, long to, uint crc, CancellationToken cancellationToken)
    {
        if (from >= to)
            return crc;

        var block = ArrayPool<byte>.Shared.Rent((int)Math.Min(BlockBytes, to - from));
        try
        {
            while (from < to)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var read = RandomAccess.Read(file, block.AsSpan(0, (int)Math.Min(block.Length, to - from)), from);
                if (read == 0)
                    throw new EndOfStreamException("an upload's data ends too early");
                crc = Crc32C.Append(crc, block.AsSpan(0, read));
                from += read;
            }

            return crc;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>The checksum of a whole file, of which <paramref name="progress"/> may know a part.</summary>
    public static uint Complete(SafeFileHandle file, long length, UploadProgress? progress, CancellationToken cancellationToken)
    {
        if (progress is not { } known || known.Last > length)
            return Read(file, 0, length, 0, cancellationToken);
        if (known.CrcAt(length) is { } crc)
            return crc;

        var head = Read(file, 0, known.Base, 0, cancellationToken);
        var tail = Read(file, known.Last, length, known.LastCrc, cancellationToken);
        return Crc32C.Combine(head, tail, length - known.Base);
    }
}
