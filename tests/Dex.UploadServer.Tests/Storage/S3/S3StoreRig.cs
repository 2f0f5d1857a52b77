using System.Globalization;
using System.Text;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>A key prefix of its own in a real bucket, and stores over it as servers that start one after the other would have them.</summary>
internal sealed class S3StoreRig(ObjectStoreService service, Uri? endpoint = null) : IDisposable
{
    public const long Least = 5L << 20;

    private readonly List<S3Connection> _connections = [];
    private readonly PartArrays _arrays = new(TimeProvider.System);
    private PartPool? _memory;

    public UploadKeys Keys { get; } = new(service.Bucket, $"prefix-{Guid.NewGuid():N}");

    public PartPool Memory => _memory ??= new PartPool(_arrays, MemoryBytes);

    public long MemoryBytes { get; init; } = 64L << 20;

    public PartSizes Sizes { get; init; } = new(Least, Least, 32L << 20, S3UploadParts.MostParts);

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public S3UploadStore Open() => new(Connect(), Keys, conditional: true, new PartWriting(Memory, Sizes, PartsPerUpload: 3, Clock));

    public S3Leftovers OpenLeftovers() => new(Connect(), Keys);

    public S3Connection Connect()
    {
        var connection = S3Rig.Connect(service, endpoint);
        _connections.Add(connection);
        return connection;
    }

    /// <summary>Names of the objects below the prefix, and what they hold.</summary>
    public async Task<Dictionary<string, byte[]>> ObjectsAsync()
    {
        var objects = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await foreach (var item in service.Client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = Keys.Bucket, Prefix = Keys.Folder }).S3Objects)
            objects.Add(item.Key[Keys.Folder.Length..], await ReadAsync(item.Key[Keys.Folder.Length..]));
        return objects;
    }

    public async Task<byte[]> ReadAsync(string name)
    {
        using var answer = await service.Client.GetObjectAsync(Keys.Bucket, Keys.Folder + name);
        using var content = new MemoryStream();
        await answer.ResponseStream.CopyToAsync(content);
        return content.ToArray();
    }

    public Task<PutObjectResponse> PutAsync(string name, byte[] content) => service.Client.PutObjectAsync(
        new PutObjectRequest { BucketName = Keys.Bucket, Key = Keys.Folder + name, InputStream = new MemoryStream(content) });

    /// <summary>Multipart uploads below the prefix: name and id.</summary>
    public async Task<List<(string Name, string Id)>> MultipartUploadsAsync()
    {
        var uploads = new List<(string, string)>();
        await foreach (var upload in service.Client.Paginators.ListMultipartUploads(new ListMultipartUploadsRequest { BucketName = Keys.Bucket, Prefix = Keys.Folder }).Uploads)
            uploads.Add((upload.Key[Keys.Folder.Length..], upload.UploadId));
        return uploads;
    }

    public async Task<List<PartDetail>> PartsAsync(string uploadId)
    {
        var (name, id) = (await MultipartUploadsAsync()).Single(upload => upload.Name == uploadId);
        return (await service.Client.ListPartsAsync(Keys.Bucket, Keys.Folder + name, id)).Parts ?? [];
    }

    public async Task PutPartAsync(string uploadId, string multipartId, int number, byte[] bytes) => await service.Client.UploadPartAsync(new UploadPartRequest
    {
        BucketName = Keys.Bucket,
        Key = Keys.Data(uploadId),
        UploadId = multipartId,
        PartNumber = number,
        PartSize = bytes.Length,
        InputStream = new MemoryStream(bytes),
    });

    /// <summary>A tail as this server writes it.</summary>
    public async Task PutTailAsync(string uploadId, byte[] bytes, long start)
    {
        var request = new PutObjectRequest { BucketName = Keys.Bucket, Key = Keys.Tail(uploadId), InputStream = new MemoryStream(bytes) };
        request.Metadata["dex-start"] = start.ToString(CultureInfo.InvariantCulture);
        await service.Client.PutObjectAsync(request);
    }

    public Task<GetObjectMetadataResponse> HeadAsync(string name) => service.Client.GetObjectMetadataAsync(Keys.Bucket, Keys.Folder + name);

    public Task DeleteAsync(string name) => service.Client.DeleteObjectAsync(Keys.Bucket, Keys.Folder + name);

    public Task BeginAsync(string uploadId) => service.Client.InitiateMultipartUploadAsync(Keys.Bucket, Keys.Data(uploadId));

    public Task AbortAsync(string uploadId, string multipartId) => service.Client.AbortMultipartUploadAsync(Keys.Bucket, Keys.Data(uploadId), multipartId);

    /// <summary>An unfinished upload as the predecessor leaves it.</summary>
    public async Task<(string Id, string MultipartId)> PutPredecessorsAsync(long length, byte[][] parts, byte[]? tail)
    {
        var id = Guid.NewGuid().ToString();
        var multipartId = (await service.Client.InitiateMultipartUploadAsync(Keys.Bucket, Keys.Data(id))).UploadId;
        for (var i = 0; i < parts.Length; i++)
            await PutPartAsync(id, multipartId, i + 1, parts[i]);
        if (tail is not null)
            await PutAsync($"{id}.part", tail);
        await PutAsync($"{id}.info", Encoding.UTF8.GetBytes(
            $$"""{"ID":"{{id}}+{{multipartId}}","Size":{{length}},"SizeIsDeferred":false,"Offset":0,"MetaData":{"a":"1"},"IsPartial":false,"IsFinal":false,"PartialUploads":null,"Storage":{"Bucket":"{{Keys.Bucket}}","Key":"{{Keys.Data(id)}}","Type":"s3store"} }"""));
        return (id, multipartId);
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
            connection.Dispose();
        _arrays.Dispose();
    }
}
