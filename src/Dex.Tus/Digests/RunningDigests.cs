using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Crc = Dex.Tus.Receiving.Crc32C;

namespace Dex.Tus.Digests;

/// <summary>Digests of bytes that come one run after the other.</summary>
internal sealed class RunningDigests : IDisposable
{
    private const int BlockBytes = 1 << 20;

    private readonly Dictionary<DigestAlgorithm, IncrementalHash> _hashes = [];
    private readonly bool _hasCrc;
    private uint _crc;

    public RunningDigests(IEnumerable<DigestAlgorithm> algorithms)
    {
        foreach (var algorithm in algorithms)
        {
            if (algorithm == DigestAlgorithm.Crc32C)
                _hasCrc = true;
            else if (!_hashes.ContainsKey(algorithm))
                _hashes.Add(algorithm, IncrementalHash.CreateHash(algorithm.Hash));
        }
    }

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    public void Append(ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
            Append(segment.Span);
    }

    /// <summary>Takes a stream to its end.</summary>
    public async ValueTask AppendAsync(Stream stream, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (await stream.ReadAsync(block, cancellationToken) is > 0 and var read)
                Append(block.AsSpan(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>The digest of the bytes so far; null if it is not one of those that are computed.</summary>
    public UploadDigest? Find(DigestAlgorithm algorithm)
    {
        if (_hashes.TryGetValue(algorithm, out var hash))
            return new UploadDigest(algorithm, hash.GetCurrentHash());
        return _hasCrc && algorithm == DigestAlgorithm.Crc32C ? OfCrc(_crc) : null;
    }

    /// <summary>A checksum that is known already, as a digest.</summary>
    public static UploadDigest OfCrc(uint crc)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, crc);
        return new UploadDigest(DigestAlgorithm.Crc32C, bytes);
    }

    public void Dispose()
    {
        foreach (var hash in _hashes.Values)
            hash.Dispose();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (var hash in _hashes.Values)
            hash.AppendData(bytes);
        if (_hasCrc)
            _crc = Crc.Append(_crc, bytes);
        Length += bytes.Length;
    }
}
