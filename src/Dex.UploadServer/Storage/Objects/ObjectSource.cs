using System.Collections.Immutable;
using Dex.Tus.Stores;
using Dex.UploadServer.Delivery;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Finished uploads in an object store, as deliveries read them (spec: delivery.md 4, storage-layout.md 3 to 5).</summary>
/// <param name="prefix">Of the uploads' keys.</param>
/// <param name="unreadable">What a report says before the reason why an upload cannot be read.</param>
internal abstract class ObjectSource(string prefix, string unreadable, PartMemory memory, IOptions<TransferOptions> options) : IDeliverySource
{
    public abstract string NotFoundMessage { get; }

    public async ValueTask<SourceFile?> FindAsync(string uploadId, FinishedUpload? finished, CancellationToken cancellationToken)
    {
        // Also keeps side objects from passing as uploads.
        if (!Guid.TryParseExact(uploadId, "D", out _))
            return null;

        var key = $"{prefix}/{uploadId}";
        try
        {
            // The object appears when its upload is complete, and not before.
            if (await LookAsync(key, cancellationToken) is not { } found)
                return null;
            if (finished is not null)
                return NewFile(finished.Metadata, null);
            return await ReadRecordAsync(key, cancellationToken) switch
            {
                null => NewFile(found.Metadata, null),
                var record when record.Length == found.Length && record.Kind != UploadKind.Partial && record.Digests is not { IsPending: true } =>
                    NewFile(record.Metadata.ToSortedText(), record.Digests?.Complaint),
                _ => null,
            };

            ObjectSourceFile NewFile(ImmutableSortedDictionary<string, string> metadata, string? rejection) =>
                new(found.Stored, found.Ranges, found.Link, memory, options.Value)
                {
                    UploadId = uploadId,
                    Length = found.Length,
                    Metadata = LowerKeys(metadata),
                    Rejection = rejection,
                };
        }
        catch (StoreCallException failure)
        {
            throw failure.ForSource($"{unreadable}: {failure.Message}");
        }
    }

    /// <summary>The object of that key; null if there is none.</summary>
    /// <exception cref="StoreCallException">The store failed.</exception>
    protected abstract Task<FoundObject?> LookAsync(string key, CancellationToken cancellationToken);

    /// <summary>A whole document; null if there is none.</summary>
    /// <exception cref="InvalidDataException">It is larger than <paramref name="mostBytes"/>.</exception>
    /// <exception cref="StoreCallException">The store failed.</exception>
    protected abstract Task<byte[]?> ReadDocumentAsync(string key, int mostBytes, CancellationToken cancellationToken);

    /// <summary>The record of the upload; null if there is none that can be read.</summary>
    private async Task<UploadRecord?> ReadRecordAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadDocumentAsync(key + ".info", UploadRecordJson.MaxBytes, cancellationToken) is { } json ? UploadRecordJson.Read(json) : null;
        }
        catch (InvalidDataException)
        {
            return null; // the object tells something, too
        }
    }

    /// <summary>As they come back from a store; of two that differ in nothing else, the one that is no lower-case name stays as it is.</summary>
    private static ImmutableSortedDictionary<string, string> LowerKeys(ImmutableSortedDictionary<string, string> metadata)
    {
        var lower = metadata.ToBuilder();
        foreach (var (key, value) in metadata)
        {
            var name = key.ToLowerInvariant();
            if (name == key || !lower.TryAdd(name, value))
                continue;
            lower.Remove(key);
        }

        return lower.ToImmutable();
    }
}

/// <summary>An object that is there.</summary>
/// <param name="Metadata">As the store keeps it.</param>
internal sealed record FoundObject(StoredObject Stored, long Length, IRangeReader Ranges, IReadLink Link, ImmutableSortedDictionary<string, string> Metadata);
