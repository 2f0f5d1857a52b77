using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Copies between two files in the kernel, sharing blocks where the file system can; by reading and writing where it cannot (spec: performance.md 3.8).</summary>
internal sealed class KernelCopy(SafeFileHandle from, SafeFileHandle to)
{
    /// <summary>Enough for big writes, little enough that a cut or a stall is noticed between two calls.</summary>
    private const int Chunk = 16 << 20;

    private const int Block = 1 << 20;

    private bool _byHand;

    /// <summary>Copies some bytes at one place.</summary>
    /// <param name="failure">Makes the complaint about a failed call of that name and error.</param>
    /// <returns>How many; 0 at the source's end.</returns>
    public long Copy(long offset, long most, Func<string, int, Exception> failure)
    {
        if (!_byHand)
        {
            var (fromOffset, toOffset) = (offset, offset);
            var bytes = DeliverySyscalls.CopyFileRange(from, ref fromOffset, to, ref toOffset, (nuint)Math.Min(most, Chunk), 0);
            if (bytes > 0)
                return bytes;

            // Some file systems say "nothing" or "not here" of files that can well be read: the plain way has the last word.
            var error = bytes == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error == DeliverySyscalls.Interrupted)
                return Copy(offset, most, failure);
            if (error is DeliverySyscalls.NoSpace or DeliverySyscalls.OverQuota or DeliverySyscalls.TooBig or DeliverySyscalls.ReadOnlyFileSystem)
                throw failure("write", error);
            _byHand = true;
        }

        return CopyByHand(offset, most, failure);
    }

    private int CopyByHand(long offset, long most, Func<string, int, Exception> failure)
    {
        var block = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            int bytes;
            try
            {
                bytes = RandomAccess.Read(from, block.AsSpan(0, (int)Math.Min(most, Block)), offset);
            }
            catch (IOException broken)
            {
                throw new Delivery.DeliverySourceException($"source file cannot be read: {DeliverySyscalls.Describe(broken.HResult)}", broken);
            }

            try
            {
                RandomAccess.Write(to, block.AsSpan(0, bytes), offset);
            }
            catch (IOException error)
            {
                throw failure("write", error.HResult);
            }

            return bytes;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
