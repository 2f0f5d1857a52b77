using Amazon.S3;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>A bucket of a real store as delivery target, perhaps behind a proxy, with the smallest parts that S3 takes.</summary>
internal sealed class S3TargetRig : IDisposable
{
    public const int PartBytes = TransferOptions.LeastPartBytes;

    private readonly ObjectStoreService _store;
    private readonly PartArrays _arrays = new(TimeProvider.System);
    private readonly PartMemory _memory;

    /// <param name="bucket">That of the fixture unless another is named.</param>
    public S3TargetRig(ObjectStoreService store, Uri? endpoint = null, string? bucket = null, Action<TransferOptions>? change = null, S3Connection? connection = null)
    {
        _store = store;
        Bucket = bucket ?? store.Bucket;
        Options = new TransferOptions { PartBytes = PartBytes, ParallelParts = 4 };
        change?.Invoke(Options);
        _memory = new PartMemory(_arrays, Microsoft.Extensions.Options.Options.Create(Options));
        Connection = connection ?? S3Rig.Connect(store, endpoint);
        var target = new S3Target("edav", Bucket, null, null, default, default);
        Destination = S3Destination.Create(target, Connection, _memory, Options, (key, _) => Task.FromResult(OurKeys.Contains(key)), TimeProvider.System, NullLogger.Instance);
    }

    public string Bucket { get; }

    public TransferOptions Options { get; }

    public S3Connection Connection { get; }

    public S3Destination Destination { get; }

    public PartMemory Memory => _memory;

    /// <summary>What the ledger says that this server delivers to.</summary>
    public HashSet<string> OurKeys { get; } = new(StringComparer.Ordinal);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A source in the same store, over the same connection.</summary>
    public S3Source NewSource(string? bucket = null, S3Connection? connection = null) =>
        new(connection ?? Connection, bucket ?? Bucket, "tus-prefix", _memory, Microsoft.Extensions.Options.Options.Create(Options));

    public async Task<byte[]?> ReadAsync(string key)
    {
        try
        {
            using var answer = await _store.Client.GetObjectAsync(Bucket, key, Stop);
            var content = new byte[answer.ContentLength];
            await answer.ResponseStream.ReadExactlyAsync(content, Stop);
            return content;
        }
        catch (AmazonS3Exception missing) when (missing.ErrorCode == "NoSuchKey")
        {
            return null;
        }
    }

    /// <summary>Keys of open multipart uploads.</summary>
    public async Task<IReadOnlyList<string>> OpenUploadsAsync() =>
        [.. ((await _store.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = Bucket }, Stop)).MultipartUploads ?? []).Select(upload => upload.Key)];

    public void Dispose()
    {
        Connection.Dispose();
        _arrays.Dispose();
    }
}
