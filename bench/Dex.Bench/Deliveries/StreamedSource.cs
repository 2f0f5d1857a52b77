using System.Diagnostics.CodeAnalysis;
using Dex.UploadServer.Delivery;

namespace Dex.Bench.Deliveries;

/// <summary>The same file, to be read from start to end only.</summary>
internal sealed class StreamedSource : SourceFile
{
    private readonly SourceFile _file;

    [SetsRequiredMembers]
    public StreamedSource(SourceFile file) => (_file, UploadId, Length, Metadata) = (file, file.UploadId, file.Length, file.Metadata);

    public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => _file.OpenAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await _file.DisposeAsync();
        await base.DisposeAsync();
    }
}
