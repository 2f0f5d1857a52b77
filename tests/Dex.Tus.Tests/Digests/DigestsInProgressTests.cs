using System.Buffers;
using System.Security.Cryptography;
using Dex.Tus.Digests;
using Dex.Tus.Stores;

namespace Dex.Tus.Tests.Digests;

public sealed class DigestsInProgressTests
{
    private static readonly UploadDigests Declared = new() { Declared = [new UploadDigest(DigestAlgorithm.Sha256, new byte[32])] };

    private readonly DigestsInProgress _arriving = new();

    [Fact]
    public void A_digest_goes_on_where_the_upload_is_and_nowhere_else()
    {
        var upload = NewUpload("a", Declared);
        var running = _arriving.Resume(upload, null)!;
        running.Append(new ReadOnlySequence<byte>("hello"u8.ToArray()));

        _arriving.Keep(upload with { Offset = 5 }, running);
        var resumed = _arriving.Resume(upload with { Offset = 5 }, null);
        _arriving.Keep(upload with { Offset = 5 }, resumed);
        var elsewhere = _arriving.Resume(upload with { Offset = 4 }, null);
        var afterwards = _arriving.Resume(upload with { Offset = 5 }, null);

        Assert.Same(running, resumed);
        Assert.Null(elsewhere);
        Assert.Null(afterwards);
    }

    [Fact]
    public void An_upload_set_back_to_its_start_begins_again()
    {
        var upload = NewUpload("a", Declared);
        var running = _arriving.Resume(upload, null)!;
        running.Append(new ReadOnlySequence<byte>("hello"u8.ToArray()));
        _arriving.Keep(upload with { Offset = 5 }, running);

        var again = _arriving.Resume(upload, null)!;

        Assert.Equal(SHA256.HashData([]), again.Find(DigestAlgorithm.Sha256)!.Value.ToArray());
    }

    [Fact]
    public void Nobody_who_asks_for_nothing_pays_for_it()
    {
        Assert.Null(_arriving.Resume(NewUpload("a", null), null));
        Assert.Null(_arriving.Resume(NewUpload("b", null), DigestAlgorithm.Crc32C));
        Assert.NotNull(_arriving.Resume(NewUpload("c", null), DigestAlgorithm.Sha512));
    }

    [Fact]
    public void Only_so_many_abandoned_uploads_are_remembered()
    {
        for (var n = 0; n < 5000; n++)
        {
            var upload = NewUpload($"{n}", Declared);
            var running = _arriving.Resume(upload, null)!;
            running.Append(new ReadOnlySequence<byte>(new byte[1]));
            _arriving.Keep(upload with { Offset = 1 }, running);
        }

        var remembered = Enumerable.Range(0, 5000).Count(n => _arriving.Resume(NewUpload($"{n}", Declared) with { Offset = 1 }, null) is not null);

        Assert.Equal(4096, remembered);
    }

    private static Upload NewUpload(string id, UploadDigests? digests) =>
        new() { Id = id, Length = 10, Offset = 0, Metadata = UploadMetadata.Empty, Digests = digests };
}
