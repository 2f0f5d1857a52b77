namespace Dex.UploadServer.Storage.Objects;

/// <summary>A part as SDKs want to read it, and each piece that it takes is told: a slow transfer is no silence.</summary>
internal sealed class PartContent(byte[] bytes, int length, Action<int> moved) : MemoryStream(bytes, 0, length, writable: false)
{
    public override int Read(Span<byte> buffer) => Told(base.Read(buffer));

    public override int Read(byte[] buffer, int offset, int count) => Told(base.Read(buffer, offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    private int Told(int count)
    {
        moved(count);
        return count;
    }
}
