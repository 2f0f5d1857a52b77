using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Dex.Bench.Hosts;

/// <summary>Pinned 1 MiB blocks for Kestrel's sockets, kept for ever: the simplest pool that lets a sink be fast.</summary>
internal sealed class LargeBlockPool : MemoryPool<byte>
{
    public const int BlockBytes = 1024 * 1024;

    private readonly ConcurrentStack<byte[]> _blocks = new();

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        new Lease(_blocks, _blocks.TryPop(out var block) ? block : GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true));

    protected override void Dispose(bool disposing)
    {
        // The blocks go with the pool.
    }

    private sealed class Lease(ConcurrentStack<byte[]> blocks, byte[] block) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => block;

        public void Dispose() => blocks.Push(block);
    }
}

/// <inheritdoc cref="LargeBlockPool"/>
internal sealed class LargeBlockPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new LargeBlockPool();
}
