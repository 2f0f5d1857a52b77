using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Dex.UploadServer.Delivery;

namespace Dex.Bench.Deliveries;

/// <summary>A file of random bytes, as an upload in the file store is one.</summary>
internal sealed class LocalSource : SourceFile
{
    [SetsRequiredMembers]
    public LocalSource(string path)
    {
        LocalPath = path;
        UploadId = Path.GetFileName(path);
        Length = new FileInfo(path).Length;
        Metadata = ImmutableSortedDictionary<string, string>.Empty;
    }

    public override string LocalPath { get; }

    public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult<Stream>(File.OpenRead(LocalPath));
}
