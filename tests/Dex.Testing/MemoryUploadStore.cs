using System.Buffers;
using System.Collections.Concurrent;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.Testing;

/// <summary>Keeps uploads in memory, for tests of the engine alone.</summary>
public sealed class MemoryUploadStore : IUploadStore, ITerminationStore, ILengthDeferralStore, IPendingConcatenationStore, IExpirationStore, IDigestStore
{
    private readonly ConcurrentDictionary<string, Kept> _uploads = new(StringComparer.Ordinal);

    /// <summary>Thrown by the next call of this name, once.</summary>
    public ConcurrentDictionary<string, Exception> FailNext { get; } = new(StringComparer.Ordinal);

    /// <summary>Uploads there are.</summary>
    public int Count => _uploads.Count;

    /// <summary>How often a finished upload was read again.</summary>
    public int Reads { get; private set; }

    /// <summary>Bytes stored of an upload.</summary>
    public byte[] BytesOf(string uploadId) => _uploads[uploadId].Bytes.ToArray();

    public ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(CreateAsync));
        var kept = new Kept(new Upload { Id = upload.Id, Length = upload.Length, Offset = 0, Metadata = upload.Metadata, Kind = upload.Kind, Parts = upload.Parts, Digests = upload.Digests });
        _uploads[upload.Id] = kept;
        return new(kept.Upload);
    }

    public ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(FindAsync));
        return new(_uploads.TryGetValue(uploadId, out var kept) ? kept.Upload : null);
    }

    public async ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(AppendAsync));
        var kept = _uploads[upload.Id];
        while (await content.ReadAsync() is { IsEmpty: false } bytes)
        {
            kept.Bytes.Write(bytes.ToArray());
            kept.Upload = kept.Upload with { Offset = kept.Bytes.Length };
            content.Advance(bytes.Length);
        }

        return kept.Upload;
    }

    public ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(FinishAsync));
        return new(upload with { Crc32C = Crc32C.Append(0, BytesOf(upload.Id)) });
    }

    public ValueTask DeleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(DeleteAsync));
        _uploads.TryRemove(upload.Id, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask<Upload> DeclareLengthAsync(Upload upload, long length, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(DeclareLengthAsync));
        var kept = _uploads[upload.Id];
        kept.Upload = kept.Upload with { Length = length };
        return new(kept.Upload);
    }

    public async ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(ConcatenateAsync));
        await CreateAsync(upload, cancellationToken);
        var kept = _uploads[upload.Id];
        foreach (var part in parts)
            kept.Bytes.Write(BytesOf(part.Id));
        kept.Upload = kept.Upload with { Offset = kept.Bytes.Length };
        return kept.Upload;
    }

    public ValueTask<Upload> TouchAsync(Upload upload, DateTimeOffset modifiedAt, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(TouchAsync));
        var kept = _uploads[upload.Id];
        kept.Upload = kept.Upload with { ModifiedAt = modifiedAt };
        return new(upload with { ModifiedAt = modifiedAt });
    }

    public ValueTask<Stream> OpenAsync(Upload upload, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(OpenAsync));
        Reads++;
        return new(new MemoryStream(BytesOf(upload.Id)));
    }

    public ValueTask RecordDigestsAsync(Upload upload, CancellationToken cancellationToken)
    {
        FailIfTold(nameof(RecordDigestsAsync));
        _uploads[upload.Id].Upload = _uploads[upload.Id].Upload with { Digests = upload.Digests };
        return ValueTask.CompletedTask;
    }

    /// <summary>What a copy of parts waits for before it begins.</summary>
    public Task MayCopy { get; set; } = Task.CompletedTask;

    public async ValueTask<IJoinedParts> CopyPartsAsync(Upload final, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        await MayCopy.WaitAsync(cancellationToken);
        FailIfTold(nameof(CopyPartsAsync));
        return new Joined(this, final, [.. parts.SelectMany(part => BytesOf(part.Id))]);
    }

    private void FailIfTold(string call)
    {
        if (FailNext.TryRemove(call, out var error))
            throw error;
    }

    private sealed class Joined(MemoryUploadStore store, Upload final, byte[] bytes) : IJoinedParts
    {
        public ValueTask<Upload> CommitAsync(CancellationToken cancellationToken)
        {
            store.FailIfTold(nameof(CommitAsync));
            var kept = store._uploads[final.Id];
            kept.Bytes.Write(bytes);
            kept.Upload = kept.Upload with { Length = bytes.Length, Offset = bytes.Length };
            return new(kept.Upload);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Kept(Upload upload)
    {
        public Upload Upload { get; set; } = upload;
        public MemoryStream Bytes { get; } = new();
    }
}
