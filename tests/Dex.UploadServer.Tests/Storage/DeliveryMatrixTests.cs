using System.Security.Cryptography;
using System.Text.Json;
using Amazon.S3.Model;
using Azure.Storage.Blobs.Models;
using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.FileSystem;
using Dex.UploadServer.Tests.Delivery;
using Dex.UploadServer.Tests.Storage.Azure;
using Dex.UploadServer.Tests.Storage.S3;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>From every store of uploads to every kind of cloud target: the same bytes, and the whole manifest (spec: delivery.md 4 and 5, storage-layout.md 2 to 5).</summary>
public sealed class DeliveryMatrixTests : IClassFixture<ObjectStoreService>, IClassFixture<AzureService>, IDisposable
{
    private static readonly Dictionary<string, string> s_manifest = new(StringComparer.Ordinal)
    {
        ["data_stream_id"] = "dextesting",
        ["data_stream_route"] = "testevent1",
        ["dex_ingest_datetime"] = "2025-06-05T14:03:01.482913774Z",
        ["Received_Filename"] = "report (final) 1.csv",
        ["sender_id"] = "somebody",
        ["empty"] = "",
    };

    private readonly ObjectStoreService _bucket;
    private readonly AzureService _container;
    private readonly TemporaryFolder _folder = new();
    private readonly S3TargetRig _s3;
    private readonly AzureTargetRig _azure;
    private readonly string _id = Guid.NewGuid().ToString();

    public DeliveryMatrixTests(ObjectStoreService bucket, AzureService container)
    {
        (_bucket, _container) = (bucket, container);
        _s3 = new S3TargetRig(bucket);
        _azure = new AzureTargetRig(container, change: options => (options.CopyPartBytes, options.CopyAcrossClouds) = (AzureTargetRig.PartBytes, true));
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, int, bool> Ways
    {
        get
        {
            var ways = new TheoryData<string, string, int, bool>();
            foreach (var from in new[] { "file", "S3", "Azure" })
            {
                foreach (var to in new[] { "S3", "Azure" })
                {
                    foreach (var length in new[] { 0, 1, (2 * S3TargetRig.PartBytes) + 99 })
                    {
                        ways.Add(from, to, length, true);
                        ways.Add(from, to, length, false);
                    }
                }
            }

            return ways;
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_file_arrives_byte_for_byte_with_its_whole_manifest(string from, string to, int length, bool byTheStore)
    {
        _s3.Options.ServerSideCopy = _azure.Options.ServerSideCopy = byTheStore;
        var content = RandomNumberGenerator.GetBytes(length);
        await StoreAsync(from, content);
        await using var file = await SourceOf(from).FindAsync(_id, null, Stop);
        IDeliveryDestination destination = to == "S3" ? _s3.Destination : _azure.Destination;

        var delivered = await destination.DeliverAsync(file!, $"2025/{_id}.csv", new Progress<long>(), Stop);

        var (bytes, metadata) = to == "S3" ? await ReadObjectAsync($"2025/{_id}.csv") : await ReadBlobAsync($"2025/{_id}.csv");
        Assert.True(content.AsSpan().SequenceEqual(bytes));
        Assert.Equal(s_manifest.Append(new("upload_id", _id)).Select(Expected).Order(), metadata.Order());
        Assert.EndsWith($"/2025/{_id}.csv", delivered.Location, StringComparison.Ordinal);
        Assert.Empty(delivered.Warnings);

        (string, string) Expected(KeyValuePair<string, string> pair) =>
            (from == "file" && to == "Azure" ? pair.Key : pair.Key.ToLowerInvariant(), pair.Value);
    }

    public void Dispose()
    {
        _s3.Dispose();
        _azure.Dispose();
        _folder.Dispose();
    }

    private IDeliverySource SourceOf(string from) => from switch
    {
        "S3" => _s3.NewSource(),
        "Azure" => _azure.NewSource(),
        _ => new FileSystemSource(_folder.Path, "tus-prefix"),
    };

    // As the predecessor leaves finished uploads.
    private async Task StoreAsync(string to, byte[] content)
    {
        var manifest = s_manifest.Append(new("upload_id", _id)).ToDictionary(StringComparer.Ordinal);
        var record = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object?>
        {
            ["ID"] = to == "S3" ? $"{_id}+2~multi" : _id,
            ["Size"] = content.Length,
            ["SizeIsDeferred"] = false,
            ["Offset"] = 0,
            ["MetaData"] = manifest,
            ["IsPartial"] = false,
            ["IsFinal"] = false,
            ["PartialUploads"] = null,
        });
        foreach (var (name, bytes) in new[] { ($"tus-prefix/{_id}", content), ($"tus-prefix/{_id}.info", record), ($"tus-prefix/{_id}.meta", JsonSerializer.SerializeToUtf8Bytes(manifest)) })
        {
            if (to == "S3" && !name.EndsWith(".meta", StringComparison.Ordinal))
            {
                await _bucket.Client.PutObjectAsync(new PutObjectRequest { BucketName = _bucket.Bucket, Key = name, InputStream = new MemoryStream(bytes) }, Stop);
            }
            else if (to == "Azure" && !name.EndsWith(".meta", StringComparison.Ordinal))
            {
                await _container.Blob(name).UploadAsync(new MemoryStream(bytes), new BlobUploadOptions(), Stop);
            }
            else if (to == "file")
            {
                Directory.CreateDirectory(_folder.File("tus-prefix"));
                await File.WriteAllBytesAsync(_folder.File(name), bytes, Stop);
            }
        }
    }

    // Ceph gives an underscore in a name back as a hyphen.
    private async Task<(byte[] Bytes, IEnumerable<(string, string)> Metadata)> ReadObjectAsync(string key)
    {
        var metadata = (await _bucket.Client.GetObjectMetadataAsync(_bucket.Bucket, key, Stop)).Metadata;
        return ((await _s3.ReadAsync(key))!, metadata.Keys.Select(name => (name["x-amz-meta-".Length..].Replace('-', '_'), metadata[name])));
    }

    private async Task<(byte[] Bytes, IEnumerable<(string, string)> Metadata)> ReadBlobAsync(string name)
    {
        var answer = (await _container.Blob(name).DownloadContentAsync(Stop)).Value;
        return (answer.Content.ToArray(), answer.Details.Metadata.Select(pair => (pair.Key, pair.Value)));
    }
}
