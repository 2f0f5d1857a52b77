using Microsoft.Win32.SafeHandles;

namespace Dex.Bench.Load;

/// <summary>The bytes that all uploads are made of, in a file in memory that has no name.</summary>
/// <remarks>Repeats after a prime number of bytes, so that a block which is lost, doubled or misplaced shows.</remarks>
internal sealed class Payload : IDisposable
{
    public const int Period = 67_108_859;
    private const string MemoryFolder = "/dev/shm";

    private readonly SafeFileHandle _file;

    public Payload()
    {
        var folder = Directory.Exists(MemoryFolder) ? MemoryFolder : Path.GetTempPath();
        var path = Path.Combine(folder, $"dex-bench-{Guid.NewGuid()}");
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete);
        File.Delete(path); // it goes with the process, however that ends
        var random = new Random(20_26);
        var block = new byte[1 << 20];
        for (var offset = 0; offset < Period; offset += block.Length)
        {
            random.NextBytes(block);
            RandomAccess.Write(_file, block.AsSpan(0, Math.Min(block.Length, Period - offset)), offset);
        }

        Small = new byte[4 * 1024];
        RandomAccess.Read(_file, Small, 0);
    }

    /// <summary>The first 4 KiB, for bodies that go with their head in one call.</summary>
    public byte[] Small { get; }

    public int Descriptor => (int)_file.DangerousGetHandle();

    /// <summary>Where in the file the byte at this offset of an upload lies, and how many follow it.</summary>
    public static (long Position, long Bytes) At(long offset, long bytes)
    {
        var position = offset % Period;
        return (position, Math.Min(bytes, Period - position));
    }

    /// <summary>The bytes that an upload has from this offset on.</summary>
    public void Read(Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var (position, most) = At(offset, bytes.Length);
            Fill(_file, bytes[..(int)most], position);
            bytes = bytes[(int)most..];
            offset += most;
        }
    }

    /// <summary>Writes so many bytes of it into a new file.</summary>
    public void CopyTo(string path, long length)
    {
        using var copy = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        var block = new byte[1 << 20];
        for (long offset = 0, bytes; offset < length; offset += bytes)
        {
            bytes = Math.Min(block.Length, length - offset);
            Read(block.AsSpan(0, (int)bytes), offset);
            RandomAccess.Write(copy, block.AsSpan(0, (int)bytes), offset);
        }
    }

    /// <summary>Fails unless a stored file holds exactly this many bytes of the payload.</summary>
    public void Require(string path, long length)
    {
        using var stored = File.OpenHandle(path);
        if (RandomAccess.GetLength(stored) != length)
            throw new InvalidDataException($"{path} has {RandomAccess.GetLength(stored)} bytes; {length} were sent.");

        var found = new byte[1 << 20];
        var expected = new byte[found.Length];
        for (long offset = 0; offset < length;)
        {
            var (position, bytes) = At(offset, Math.Min(found.Length, length - offset));
            Fill(stored, found.AsSpan(0, (int)bytes), offset);
            Fill(_file, expected.AsSpan(0, (int)bytes), position);
            if (!found.AsSpan(0, (int)bytes).SequenceEqual(expected.AsSpan(0, (int)bytes)))
                throw new InvalidDataException($"{path} differs from what was sent, at or after byte {offset}.");
            offset += bytes;
        }
    }

    public void Dispose() => _file.Dispose();

    private static void Fill(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (buffer.Length > 0)
        {
            var read = RandomAccess.Read(file, buffer, offset);
            if (read == 0)
                throw new InvalidDataException("The file ended while it was compared.");
            buffer = buffer[read..];
            offset += read;
        }
    }
}
