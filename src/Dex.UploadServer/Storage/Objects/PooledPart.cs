using System.Buffers;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>One piece of an object, in blocks of <see cref="PartPool"/> that are taken as bytes come. Filled by one, then read any number of times, then disposed.</summary>
internal sealed class PooledPart(PartPool memory, long capacity, long reserved) : IDisposable
{
    private readonly List<byte[]> _blocks = [];
    private bool _disposed;

    /// <summary>Bytes that fit.</summary>
    public long Capacity => capacity;

    /// <summary>Bytes in it.</summary>
    public long Length { get; private set; }

    public long Room => capacity - Length;

    public void Append(in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
            Append(segment.Span);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, Room, nameof(bytes));
        while (!bytes.IsEmpty)
        {
            var room = RoomInBlock();
            var taken = Math.Min(room.Length, bytes.Length);
            bytes[..taken].CopyTo(room.Span);
            Length += taken;
            bytes = bytes[taken..];
        }
    }

    /// <summary>Appends so many bytes of a stream.</summary>
    /// <exception cref="EndOfStreamException">It has fewer.</exception>
    public async Task FillAsync(Stream from, long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Room);
        while (bytes > 0)
        {
            var room = RoomInBlock();
            var read = await from.ReadAsync(room[..(int)Math.Min(room.Length, bytes)], cancellationToken);
            if (read == 0)
                throw new EndOfStreamException("an answer of the store ended too early");
            Length += read;
            bytes -= read;
        }
    }

    /// <summary>Appends bytes that are in it already.</summary>
    public void AppendCopy(long position, long bytes)
    {
        while (bytes > 0)
        {
            var run = RunAt(position).Span;
            run = run[..(int)Math.Min(run.Length, bytes)];
            Append(run);
            position += run.Length;
            bytes -= run.Length;
        }
    }

    /// <summary>As if no more than its first bytes had been appended.</summary>
    public void CutTo(long length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>All bytes, from the first. The stream is good until the buffer is disposed.</summary>
    public Stream OpenRead() => new PartStream(this);

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        memory.TakeBack(_blocks);
        _blocks.Clear();
        Length = 0;
        memory.Release(reserved);
    }

    internal ReadOnlyMemory<byte> RunAt(long position)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var (block, offset) = ((int)(position / PartPool.BlockBytes), (int)(position % PartPool.BlockBytes));
        return _blocks[block].AsMemory(offset, (int)Math.Min(PartPool.BlockBytes - offset, Length - position));
    }

    private Memory<byte> RoomInBlock()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var block = (int)(Length / PartPool.BlockBytes);
        if (block == _blocks.Count)
            _blocks.Add(memory.TakeBlock());
        return _blocks[block].AsMemory((int)(Length % PartPool.BlockBytes));
    }
}

/// <summary>Reads a <see cref="PooledPart"/>; can be wound back, so that a call can be repeated.</summary>
file sealed class PartStream(PooledPart buffer) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => buffer.Length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override int Read(Span<byte> destination)
    {
        if (_position >= buffer.Length)
            return 0;
        var run = buffer.RunAt(_position).Span;
        run = run[..Math.Min(run.Length, destination.Length)];
        run.CopyTo(destination);
        _position += run.Length;
        return run.Length;
    }

    public override int Read(byte[] destination, int offset, int count) => Read(destination.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] destination, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(destination.AsSpan(offset, count)));

    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(destination.Span));

    public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        while (_position < buffer.Length)
        {
            var run = buffer.RunAt(_position);
            await destination.WriteAsync(run, cancellationToken);
            _position += run.Length;
        }
    }

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => buffer.Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] source, int offset, int count) => throw new NotSupportedException();
}
