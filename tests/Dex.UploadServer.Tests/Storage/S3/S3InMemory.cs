using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>As much of S3 as an upload needs from its creation to its end, in memory, without HTTP: for more requests than a real server could answer in a test. Counts them.</summary>
internal sealed class S3InMemory() : AmazonS3Client(new AnonymousAWSCredentials(), new AmazonS3Config { ServiceURL = "http://localhost" })
{
    private readonly SortedDictionary<int, byte[]> _parts = [];
    private readonly Dictionary<string, (byte[] Bytes, string Tag, Dictionary<string, string> Metadata)> _objects = new(StringComparer.Ordinal);
    private int _tags;

    /// <summary>Calls of any kind.</summary>
    public int Calls { get; private set; }

    /// <summary>Bytes of all objects that were written, but not those of parts.</summary>
    public long ObjectBytesWritten { get; private set; }

    public IReadOnlyCollection<byte[]> Parts => _parts.Values;

    public byte[] Object(string key) => _objects[key].Bytes;

    public override Task<InitiateMultipartUploadResponse> InitiateMultipartUploadAsync(InitiateMultipartUploadRequest request, CancellationToken cancellationToken = default) =>
        Answer(new InitiateMultipartUploadResponse { UploadId = "multipart" });

    public override Task<UploadPartResponse> UploadPartAsync(UploadPartRequest request, CancellationToken cancellationToken = default)
    {
        _parts[request.PartNumber!.Value] = Read(request.InputStream);
        return Answer(new UploadPartResponse { ETag = NextTag() });
    }

    public override Task<CopyPartResponse> CopyPartAsync(CopyPartRequest request, CancellationToken cancellationToken = default)
    {
        _parts[request.PartNumber!.Value] = _objects[request.SourceKey].Bytes[(int)request.FirstByte!.Value..((int)request.LastByte!.Value + 1)];
        return Answer(new CopyPartResponse { ETag = NextTag() });
    }

    public override Task<ListPartsResponse> ListPartsAsync(ListPartsRequest request, CancellationToken cancellationToken = default) => Answer(new ListPartsResponse
    {
        Parts = [.. _parts.Where(part => part.Key > int.Parse(request.PartNumberMarker, null)).Select(part => new PartDetail { PartNumber = part.Key, Size = part.Value.Length, ETag = "part" })],
    });

    public override Task<CompleteMultipartUploadResponse> CompleteMultipartUploadAsync(CompleteMultipartUploadRequest request, CancellationToken cancellationToken = default)
    {
        Assert.Equal(_parts.Keys, request.PartETags.Select(part => part.PartNumber!.Value));
        _objects[request.Key] = ([.. _parts.Values.SelectMany(bytes => bytes)], NextTag(), []);
        return Answer(new CompleteMultipartUploadResponse());
    }

    public override Task<PutObjectResponse> PutObjectAsync(PutObjectRequest request, CancellationToken cancellationToken = default)
    {
        var there = _objects.GetValueOrDefault(request.Key).Tag;
        Assert.True(request.IfNoneMatch is null ? request.IfMatch is null || request.IfMatch == there : there is null, "The condition is not met.");
        var bytes = Read(request.InputStream);
        ObjectBytesWritten += bytes.Length;
        _objects[request.Key] = (bytes, NextTag(), request.Metadata.Keys.ToDictionary(key => key, key => request.Metadata[key]));
        return Answer(new PutObjectResponse { ETag = _objects[request.Key].Tag });
    }

    public override Task<GetObjectResponse> GetObjectAsync(GetObjectRequest request, CancellationToken cancellationToken = default)
    {
        var (bytes, tag, _) = _objects[request.Key];
        Assert.True(request.EtagToMatch is null || request.EtagToMatch == tag, "The condition is not met.");
        if (request.ByteRange is { } range)
            bytes = bytes[(int)range.Start..((int)range.End + 1)];
        return Answer(new GetObjectResponse { ContentLength = bytes.Length, ResponseStream = new MemoryStream(bytes), ETag = tag });
    }

    public override Task<DeleteObjectResponse> DeleteObjectAsync(string bucketName, string key, CancellationToken cancellationToken = default)
    {
        _objects.Remove(key);
        return Answer(new DeleteObjectResponse());
    }

    private static byte[] Read(Stream content)
    {
        var bytes = new byte[content.Length];
        content.ReadExactly(bytes);
        return bytes;
    }

    private string NextTag() => $"tag-{++_tags}";

    private Task<T> Answer<T>(T answer)
    {
        Calls++;
        return Task.FromResult(answer);
    }
}
