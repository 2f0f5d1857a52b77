using System.Runtime.CompilerServices;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>An object as a listing shows it.</summary>
internal readonly record struct ListedObject(string Key, long Bytes, DateTimeOffset StoredAt);

/// <summary>All objects of one upload.</summary>
internal sealed record UploadObjects(string UploadId, ListedObject? Data, ListedObject? Record, ListedObject? Tail)
{
    /// <summary>Each upload once: its keys follow each other in the order in which stores list them.</summary>
    public static async IAsyncEnumerable<UploadObjects> GatherAsync(
        IAsyncEnumerable<ListedObject> listed, UploadKeys keys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        UploadObjects? current = null;
        await foreach (var item in listed.WithCancellation(cancellationToken))
        {
            if (keys.Parse(item.Key) is not { } parsed)
                continue;
            if (current is not null && current.UploadId != parsed.UploadId)
            {
                yield return current;
                current = null;
            }

            current ??= new UploadObjects(parsed.UploadId, null, null, null);
            current = parsed.Role switch
            {
                UploadObjectRole.Data => current with { Data = item },
                UploadObjectRole.Record => current with { Record = item },
                _ => current with { Tail = item },
            };
        }

        if (current is not null)
            yield return current;
    }
}
