using System.Buffers.Binary;
using Dex.Testing;

namespace Dex.Services.Load;

/// <summary>Memory does not grow with the upload (spec: tus.md BR7, reliability.md T5).</summary>
[Trait("Category", "Load")]
public sealed class LargeUploadTests : IDisposable
{
    private const long Length = 4L << 30;
    private const int BlockLength = 1 << 20;
    private const long AllowedGrowth = 64 << 20;

    private readonly ServerFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 600_000)]
    [Rule("H6", "BR7")]
    public async Task Four_gibibytes_in_one_request_are_stored_and_delivered_in_bounded_memory()
    {
        Assert.True(new DriveInfo(_folder.Root).AvailableFreeSpace >= 12L << 30, $"This test needs 12 GiB free in {Path.GetTempPath()}.");
        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        var small = await server.Http.UploadAsync(Content.Random(BlockLength), "small.bin", Stop);
        await server.WaitForInfoAsync(small, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
        var id = await server.Http.CreateUploadAsync(Length, "large.bin", Stop);
        using var memory = new MemorySampling(server);

        var answer = await SendAsync(server, id);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromMinutes(4), Stop);

        Assert.Equal(204, answer.Status);
        Assert.Equal(Length, info.Size);
        Assert.InRange(memory.Growth, 0, AllowedGrowth);
        await AssertContentAsync(_folder.At(Assert.Single(info.Deliveries).Location));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Blocks that differ in their number only, so that a lost, doubled or misplaced one shows.</summary>
    private static async Task<RawAnswer> SendAsync(ServerProcess server, string id)
    {
        using var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(RawRequests.PatchHead(id, 0, Length));
        var block = Content.Random(BlockLength);
        for (long number = 0; number < Length / BlockLength; number++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(block, number);
            await connection.SendAsync(block);
        }

        return await connection.ReadAnswerAsync() ?? throw new IOException("The connection was closed without an answer.");
    }

    private static async Task AssertContentAsync(string path)
    {
        await using var file = File.OpenRead(path);
        Assert.Equal(Length, file.Length);
        var expected = Content.Random(BlockLength);
        var found = new byte[BlockLength];
        for (long number = 0; number < Length / BlockLength; number++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(expected, number);
            await file.ReadExactlyAsync(found, Stop);
            Assert.True(expected.AsSpan().SequenceEqual(found), $"Block {number} differs.");
        }
    }

    /// <summary>Looks at the server's resident memory ten times a second.</summary>
    private sealed class MemorySampling : IDisposable
    {
        private readonly long _before;
        private readonly Timer _timer;
        private long _most;

        public MemorySampling(ServerProcess server)
        {
            _before = _most = server.ResidentBytes;
            _timer = new Timer(_ => _most = Math.Max(_most, server.ResidentBytes), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        }

        public long Growth => _most - _before;

        public void Dispose()
        {
            using var ended = new ManualResetEvent(false);
            _timer.Dispose(ended);
            ended.WaitOne(TimeSpan.FromSeconds(5));
        }
    }
}
