using Dex.Testing;

namespace Dex.Services.Buckets;

/// <summary>Memory is bounded by variables, not by how much is sent (spec: tus.md BR7, S36).</summary>
[Trait("Category", "Load")]
public abstract class MemoryContract(Func<IReadOnlyDictionary<string, string>> variables) : IDisposable
{
    protected const long Bound = 512L << 20;
    private const int Uploads = 64;
    private const int Short = 16 << 20;

    protected ServerFolder Folder { get; } = new("edav", "copy");

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact(Timeout = 300_000)]
    [Rule("BR7", "S36")]
    public async Task BR7_S36_sixty_four_uploads_and_twice_as_many_deliveries_at_once_stay_below_512_MiB()
    {
        var content = Content.Random(Short);
        await using var server = await ServerProcess.StartAsync(Folder, Stop, variables());

        var ids = await UploadAllAsync(server, content);
        foreach (var id in ids)
            await server.WaitForInfoAsync(id, info => info.IsDelivered(Folder.TargetNames), TimeSpan.FromSeconds(120), Stop);

        Assert.InRange(server.PeakBytes, 1, Bound);
    }

    protected static async Task<string[]> UploadAllAsync(ServerProcess server, byte[] content)
    {
        using var http = server.NewClient();
        http.Timeout = TimeSpan.FromMinutes(4);
        return await Task.WhenAll(Enumerable.Range(0, Uploads).Select(number => http.UploadAsync(content, $"memory-{number}.bin", Stop)));
    }
}
