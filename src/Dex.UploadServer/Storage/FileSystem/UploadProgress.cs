using System.Buffers.Binary;
using Dex.Tus.Receiving;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>How far an unfinished upload has come, with checksums: what is trusted of it after a power failure, and where its running checksum goes on (spec: reliability.md D1).</summary>
/// <param name="Boot">The run of the machine that wrote the bytes since <paramref name="Flushed"/>.</param>
/// <param name="Base">Where the checksums begin; 0 but for an upload taken over from another server with much data.</param>
/// <param name="Flushed">Bytes known to be on the disk itself, at least <paramref name="Base"/>.</param>
/// <param name="FlushedCrc">CRC-32C of the bytes from base to flushed.</param>
/// <param name="Last">Bytes stored when this was written, at least <paramref name="Flushed"/>.</param>
/// <param name="LastCrc">CRC-32C of the bytes from base to last.</param>
internal readonly record struct UploadProgress(Guid Boot, long Base, long Flushed, uint FlushedCrc, long Last, uint LastCrc)
{
    private const uint Magic = 0x50584544; // "DEXP"
    private const uint Version = 1;
    private const int Bytes = 4 + 4 + 16 + (3 * sizeof(long)) + (3 * sizeof(uint));

    /// <summary>Nothing stored and nothing to read again.</summary>
    public static UploadProgress Start(Guid boot, long at, uint crc, long from) => new(boot, from, from, 0, at, crc);

    /// <summary>Checksum of the first <paramref name="offset"/> bytes, if it is known without reading them.</summary>
    public uint? CrcAt(long offset) =>
        Base != 0 ? null : offset == Last ? LastCrc : offset == Flushed ? FlushedCrc : null;

    public UploadProgress BackToFlushed() => this with { Last = Flushed, LastCrc = FlushedCrc };

    /// <summary>Null if there is none, or none that can be believed.</summary>
    public static UploadProgress? Read(string path)
    {
        using var file = Posix.OpenToRead(path);
        Span<byte> record = stackalloc byte[Bytes + 1];
        if (file is null || RandomAccess.Read(file, record, 0) != Bytes)
            return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(record) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(record[4..]) != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(record[56..]) != Crc32C.Append(0, record[..56]))
            return null;

        var progress = new UploadProgress(
            new Guid(record[8..24]),
            BinaryPrimitives.ReadInt64LittleEndian(record[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[52..]));
        return progress.Base >= 0 && progress.Flushed >= progress.Base && progress.Last >= progress.Flushed ? progress : null;
    }

    /// <summary>Writes in place: one small write with its own checksum, where a temporary name would cost four calls for each PATCH.</summary>
    public void Write(string path, bool flush)
    {
        Span<byte> record = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Version);
        Boot.TryWriteBytes(record[8..]);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], Base);
        BinaryPrimitives.WriteInt64LittleEndian(record[32..], Flushed);
        BinaryPrimitives.WriteInt64LittleEndian(record[40..], Last);
        BinaryPrimitives.WriteUInt32LittleEndian(record[48..], FlushedCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(record[52..], LastCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(record[56..], Crc32C.Append(0, record[..56]));

        try
        {
            using var file = Posix.OpenOrCreate(path);
            RandomAccess.Write(file, record, 0);
            if (flush)
                Posix.FlushData(file, path);
            Posix.Close(file, path);
        }
        catch (IOException error)
        {
            throw Posix.Translate(error);
        }
    }
}
