using System.IO.Pipelines;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Uploads that share too little memory (spec: tus.md BR7, LK2, reliability.md U9).</summary>
public sealed class S3MemoryTests : IClassFixture<ObjectStoreService>, IDisposable
{
    private const int Least = (int)S3StoreRig.Least;

    private readonly S3StoreRig _rig;
    private readonly S3UploadStore _store;

    public S3MemoryTests(ObjectStoreService service)
    {
        _rig = new S3StoreRig(service) { MemoryBytes = 2 * Least, Sizes = new PartSizes(Least, Least, Least, S3UploadParts.MostParts) };
        _store = _rig.Open();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _rig.Dispose();

    [Fact]
    [Rule("BR7")]
    public async Task BR7_clients_that_stall_do_not_hold_the_memory_that_others_wait_for()
    {
        var stalled = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => StallAsync()));

        var bytes = Bodies.Random(3 * Least);
        var upload = await CreateAsync(bytes.Length);
        using var body = await Bodies.OfAsync(bytes.Length, bytes);
        await _store.FinishAsync(await _store.AppendAsync(upload, body, Stop), Stop);

        Assert.Equal(bytes, await _rig.ReadAsync(upload.Id));
        foreach (var one in stalled)
        {
            await one.Pipe.Writer.WriteAsync("rest"u8.ToArray(), Stop);
            await one.Pipe.Writer.CompleteAsync();
            Assert.Equal(1004, (await one.Appending).Offset);
            one.Body.Dispose();
        }

        Assert.Equal(0, _rig.Memory.Used);
    }

    [Fact]
    [Rule("LK2")]
    public async Task LK2_who_is_asked_to_let_go_does_not_wait_for_memory()
    {
        using var all = await _rig.Memory.RentAsync(2 * Least, Stop);
        var upload = await CreateAsync(10);
        using var body = await Bodies.OfAsync(10, "hello"u8.ToArray());
        var appending = _store.AppendAsync(upload, body, Stop).AsTask();

        body.Stop(BodyEnd.Displaced);

        Assert.Equal(0, (await appending).Offset);
        Assert.Equal(BodyEnd.Displaced, body.End);
    }

    private async Task<(Pipe Pipe, IncomingBody Body, Task<Upload> Appending)> StallAsync()
    {
        var upload = await CreateAsync(4 * Least);
        var pipe = new Pipe();
        var body = new IncomingBody(pipe.Reader, 4 * Least, null, TimeSpan.FromMinutes(5), TimeProvider.System);
        await pipe.Writer.WriteAsync(Bodies.Random(1000), Stop);
        return (pipe, body, _store.AppendAsync(upload, body, Stop).AsTask());
    }

    private async Task<Upload> CreateAsync(long length) => await _store.CreateAsync(
        new NewUpload { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Empty }, Stop);
}
