using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>A source in memory that can end early, break, or be slow.</summary>
internal sealed class TestSourceFile : SourceFile
{
    private readonly byte[] _content;

    [SetsRequiredMembers]
    public TestSourceFile(byte[] content, long? length = null, uint? crc32C = null)
    {
        _content = content;
        UploadId = Guid.NewGuid().ToString();
        Length = length ?? content.Length;
        Crc32C = crc32C;
        Metadata = ImmutableSortedDictionary<string, string>.Empty;
    }

    /// <summary>Happens after so many bytes were read.</summary>
    public (long After, Action Act)? Event { get; init; }

    public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<Stream>(new ExactLengthStream(new EventfulStream(_content, Event), Length));

    private sealed class EventfulStream(byte[] content, (long After, Action Act)? happening) : MemoryStream(content, writable: false)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ValueTask.FromResult(Read(buffer.Span));
        }

        public override int Read(Span<byte> buffer)
        {
            if (happening is { } due && Position >= due.After)
                due.Act();
            return base.Read(buffer[..Math.Min(buffer.Length, 64 * 1024)]);
        }
    }
}

/// <summary>A source that is a file on this machine.</summary>
internal sealed class TestLocalFile : SourceFile
{
    [SetsRequiredMembers]
    public TestLocalFile(string path, byte[] content, long? length = null, uint? crc32C = null)
    {
        File.WriteAllBytes(path, content);
        LocalPath = path;
        UploadId = Guid.NewGuid().ToString();
        Length = length ?? content.Length;
        Crc32C = crc32C;
        Metadata = ImmutableSortedDictionary<string, string>.Empty;
    }

    public override string LocalPath { get; }

    public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
}
