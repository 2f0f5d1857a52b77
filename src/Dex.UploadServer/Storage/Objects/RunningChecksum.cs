using System.Buffers;
using Dex.Tus.Receiving;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>CRC-32C of an upload's bytes from some offset on; from 0 unless another server, or one that was killed, has stored what comes before.</summary>
internal readonly record struct RunningChecksum(long From, uint Value)
{
    public static RunningChecksum Start(long from) => new(from, 0);

    /// <summary>The checksum of everything, if it is known.</summary>
    public uint? Whole => From == 0 ? Value : null;

    public RunningChecksum Append(in ReadOnlySequence<byte> bytes) => this with { Value = Crc32C.Append(Value, bytes) };

    /// <summary>The checksum of everything.</summary>
    /// <param name="before">That of the bytes before <see cref="From"/>.</param>
    /// <param name="end">Where this one ends.</param>
    public RunningChecksum After(uint before, long end) => new(0, Crc32C.Combine(before, Value, end - From));
}
