using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.Tus.Tests;

/// <summary>A store that joins parts only once they are complete.</summary>
internal sealed class LimitedStore(MemoryUploadStore store) : IUploadStore, IConcatenationStore
{
    public ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken) => store.CreateAsync(upload, cancellationToken);

    public ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken) => store.FindAsync(uploadId, cancellationToken);

    public ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken) => store.AppendAsync(upload, content, cancellationToken);

    public ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken) => store.FinishAsync(upload, cancellationToken);

    public ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken) => store.ConcatenateAsync(upload, parts, cancellationToken);
}
