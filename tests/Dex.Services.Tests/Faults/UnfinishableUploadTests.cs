using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>Every byte fits, but what finishes an upload does not: it is finished without another word of its client (spec: reliability.md Q2, F1).</summary>
[Trait("Category", "Faults")]
public sealed class UnfinishableUploadTests : IDisposable
{
    private const int Length = 1 << 20;

    private readonly ServerFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("ST4", "SH4")]
    public async Task A_whole_upload_that_could_not_be_finished_is_finished_when_there_is_room(bool restarted)
    {
        await using var disk = await SmallDisk.MountAsync(_folder.At("small"), mebibytes: 8, Stop);
        var server = await StartAsync();
        try
        {
            var content = Content.Random(Length);
            var id = await server.Http.CreateUploadAsync(Length, "whole.bin", Stop);
            await disk.FillAsync(Stop, except: Length);

            using var refused = await server.Http.SendPatchAsync(id, 0, content, Stop);
            var offset = await server.Http.ReadOffsetAsync(id, Stop);
            if (restarted)
            {
                await server.KillAsync(Stop);
                await server.DisposeAsync();
                server = await StartAsync();
                await Eventually.TrueAsync(() => server.Output.Any(line => line.Contains("not reconciled yet", StringComparison.Ordinal)), TimeSpan.FromSeconds(20));
            }

            disk.Free();

            Assert.Contains((int)refused.StatusCode, new[] { 500, 507 });
            Assert.Equal(Length, offset);
            var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
            await Content.AssertDeliveredOnceAsync(_folder, "edav", id, info, content, Stop);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    // The ledger has room: it is the folder of the uploads that cannot take the metadata file.
    private Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(_folder, Stop, new Dictionary<string, string>
    {
        ["LOCAL_FOLDER_UPLOADS_TUS"] = "./small",
        ["LEDGER_CONNECTION_STRING"] = "sqlite:./ledger/ledger.db",
    });
}
