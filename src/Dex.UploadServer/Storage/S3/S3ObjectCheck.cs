using System.Collections.Immutable;
using Amazon.S3;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>What an object must be to be called delivered.</summary>
/// <param name="Tag">Its ETag, if the service makes them of MD5s; null if nobody can tell.</param>
/// <param name="Crc32C">Of its bytes; null if nobody knows.</param>
internal sealed record ExpectedObject(long Length, string? Tag, uint? Crc32C);

/// <summary>Looks whether an object at a target is what was sent: by its length and by the strongest checksum the service tells, without reading it (spec: reliability.md 5).</summary>
/// <remarks>A service whose tags are no MD5s is recognised by reading one object back, once.</remarks>
internal sealed class S3ObjectCheck(PartPump pump, PartMemory memory, TransferOptions options)
{
    private volatile bool _tagsTellNothing;

    /// <summary>Makes an object visible, and looks at it.</summary>
    /// <exception cref="StoreCallException">It is not visible, or is another, or nobody knows.</exception>
    public async Task CompleteAsync(S3Multipart upload, ExpectedObject expected, Action<int> moved, CancellationToken cancellationToken)
    {
        try
        {
            await upload.CompleteAsync(expected.Crc32C, cancellationToken);
        }
        catch (StoreCallException lost) when (lost.MayHaveHappened)
        {
            if (await IsThereAsync(upload.Place, expected, cancellationToken))
                return;
            throw;
        }

        await RequireAsync(upload.Place, expected, moved, cancellationToken);
    }

    /// <exception cref="StoreCallException">It is not there, is another, or nobody can look.</exception>
    public async Task RequireAsync(S3Place place, ExpectedObject expected, Action<int> moved, CancellationToken cancellationToken)
    {
        var head = await place.Connection.RepeatAsync((client, token) => client.GetObjectMetadataAsync(NewRequest(place), token), cancellationToken);
        if (head.ContentLength != expected.Length)
            throw Different($"{head.ContentLength} bytes instead of {expected.Length}");
        if (expected.Tag is { } tag && S3Tag.Bare(head.ETag ?? "") == tag)
            return;
        if (expected.Crc32C is not { } crc)
            return;
        if (head.ChecksumType == ChecksumType.FULL_OBJECT && head.ChecksumCRC32C is { } stored)
        {
            if (stored != S3Tag.Crc32C(crc))
                throw Different($"the checksum {stored} instead of {S3Tag.Crc32C(crc)}");
            return;
        }

        if (_tagsTellNothing)
            return;
        var read = await ReadBackAsync(place, head, moved, cancellationToken);
        if (read != crc)
            throw Different($"the checksum {read:x8} instead of {crc:x8}");
        _tagsTellNothing = true;
    }

    /// <summary>Whether the object is there beyond doubt, after a call of which nobody knows whether it has happened (spec: reliability.md U2).</summary>
    private static async Task<bool> IsThereAsync(S3Place place, ExpectedObject expected, CancellationToken cancellationToken)
    {
        try
        {
            var head = await place.Connection.OnceAsync((client, token) => client.GetObjectMetadataAsync(NewRequest(place), token), cancellationToken);
            return head.ContentLength == expected.Length
                && ((expected.Tag is { } tag && S3Tag.Bare(head.ETag ?? "") == tag)
                    || (expected.Crc32C is { } crc && head.ChecksumType == ChecksumType.FULL_OBJECT && head.ChecksumCRC32C == S3Tag.Crc32C(crc)));
        }
        catch (StoreCallException)
        {
            return false;
        }
    }

    private async Task<uint> ReadBackAsync(S3Place place, GetObjectMetadataResponse head, Action<int> moved, CancellationToken cancellationToken)
    {
        var tag = head.ETag ?? "";
        await using var written = new ObjectSourceFile(place.Stored(tag), new S3ObjectReader(place, tag), link: null, memory, options)
        {
            UploadId = "",
            Length = head.ContentLength,
            Metadata = ImmutableSortedDictionary<string, string>.Empty,
        };
        return await pump.RunAsync(written, new PartPlan(head.ContentLength, options.PartBytes), moved, static (_, _) => Task.CompletedTask, cancellationToken);
    }

    private static GetObjectMetadataRequest NewRequest(S3Place place) => new()
    {
        BucketName = place.Bucket,
        Key = place.Key,
        ChecksumMode = place.Connection.SendsMd5 ? null : ChecksumMode.ENABLED,
    };

    private static StoreCallException Different(string how) => new($"the object has {how} after it was written");
}
