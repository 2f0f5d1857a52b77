using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>A source file that is one part, in memory, and what was uploaded.</summary>
internal sealed class WholeFile : IDisposable
{
    private readonly PartBuffer _buffer;

    private WholeFile(PartBuffer buffer, int length, uint crc32C) => (_buffer, Length, Crc32C) = (buffer, length, crc32C);

    public byte[] Bytes => _buffer.Bytes;

    public int Length { get; }

    public uint Crc32C { get; }

    public ReadOnlySpan<byte> Span => Bytes.AsSpan(0, Length);

    /// <exception cref="DeliverySourceException">The source broke, or is not what was uploaded.</exception>
    public static async Task<WholeFile> ReadAsync(SourceFile source, PartMemory memory, Action<int> moved, CancellationToken cancellationToken)
    {
        await using var reader = await PartReader.OpenAsync(source, cancellationToken);
        var buffer = await memory.Open(1).TakeAsync((int)source.Length, cancellationToken);
        try
        {
            var content = buffer.Bytes.AsMemory(0, (int)source.Length);
            await reader.ReadAsync(0, content, moved, cancellationToken);
            await reader.EndAsync(cancellationToken);
            var file = new WholeFile(buffer, content.Length, Tus.Receiving.Crc32C.Append(0, content.Span));
            source.RequireUnchanged(file.Crc32C);
            return file;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    public void Dispose() => _buffer.Dispose();
}
