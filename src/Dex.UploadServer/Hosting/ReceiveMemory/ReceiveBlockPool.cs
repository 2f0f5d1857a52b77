using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Dex.UploadServer.Hosting.ReceiveMemory;

/// <summary>Hands <see cref="ReceiveBlocks"/> to Kestrel, whose sockets ask one of these for their memory.</summary>
internal sealed class ReceiveBlockPool(ReceiveBlocks blocks) : MemoryPool<byte>
{
    public override int MaxBufferSize => ReceiveBlocks.LargeBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, MaxBufferSize);
        var block = blocks.Take();
        if (block.Length >= minBufferSize)
            return new Lease(blocks, block);
        blocks.Return(block);
        return new Lease(null, new byte[minBufferSize]);
    }

    protected override void Dispose(bool disposing)
    {
        // The blocks are the process's; a listener that closes leaves them to the others.
    }

    private sealed class Lease(ReceiveBlocks? blocks, byte[] block) : IMemoryOwner<byte>
    {
        private byte[]? _block = block;

        public Memory<byte> Memory => _block ?? throw new ObjectDisposedException(nameof(Lease));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _block, null) is { } returned)
                blocks?.Return(returned);
        }
    }
}

/// <inheritdoc cref="ReceiveBlockPool"/>
internal sealed class ReceiveBlockPoolFactory(ReceiveBlocks blocks) : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new ReceiveBlockPool(blocks);
}
