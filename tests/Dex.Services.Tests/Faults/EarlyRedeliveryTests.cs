using System.Net;
using System.Text;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>A redelivery of what is not whole yet is refused, and costs the upload nothing (spec: reliability.md Q1, T2; http-api.md 9).</summary>
[Trait("Category", "Faults")]
public sealed class EarlyRedeliveryTests : IDisposable
{
    private readonly ServerFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 90_000)]
    public async Task An_unfinished_upload_cannot_be_redelivered_and_is_delivered_when_it_is_whole()
    {
        var content = Content.Random(1000);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, new Dictionary<string, string> { ["EVENT_MAX_RETRY_COUNT"] = "0" });
        var id = await server.Http.CreateUploadAsync(content.Length, "early.bin", Stop);
        await server.Http.PatchAsync(id, 0, content.AsMemory(0, 10), Stop);

        using var body = new StringContent("""{"target":"edav"}""", Encoding.UTF8, "application/json");
        using var refused = await server.Http.PostAsync(new Uri($"/route/{id}", UriKind.Relative), body, Stop);
        await server.Http.PatchAsync(id, 10, content.AsMemory(10), Stop);

        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
        await Content.AssertDeliveredOnceAsync(_folder, "edav", id, info, content, Stop);
    }

    public void Dispose() => _folder.Dispose();
}
