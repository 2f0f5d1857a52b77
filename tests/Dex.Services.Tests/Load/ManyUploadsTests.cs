using System.Collections.Concurrent;
using Dex.Testing;

namespace Dex.Services.Load;

/// <summary>A thousand small uploads at once: none lost, none doubled, nothing left behind (spec: reliability.md Q6, T3, L7).</summary>
[Trait("Category", "Load")]
public sealed class ManyUploadsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const int Uploads = 1_000;
    private const int AtOnce = 32;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 300_000)]
    public async Task A_thousand_uploads_at_once_are_all_reported_and_delivered_exactly_once()
    {
        await WarmUpAsync();
        var descriptors = fixture.Server.OpenDescriptors;
        var sent = new ConcurrentDictionary<string, byte[]>();

        using (var http = fixture.Server.NewClient())
        {
            var inParallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Stop };
            await Parallel.ForAsync(0, Uploads, inParallel, async (number, stop) =>
            {
                var content = Content.Random(1024 + (number * 99), seed: number);
                sent[await http.UploadAsync(content, $"many-{number}.bin", stop)] = content;
            });
        }

        Assert.Equal(Uploads, sent.Count);
        foreach (var (id, content) in sent)
            await AssertFinishedOnceAsync(id, content);
        AssertNothingIsLeftBehind();
        await Eventually.TrueAsync(() => fixture.Server.OpenDescriptors <= descriptors + 10);
    }

    /// <summary>What the server opens once and keeps is open before descriptors are counted.</summary>
    private async Task WarmUpAsync()
    {
        using var http = fixture.Server.NewClient();
        var ids = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => http.UploadAsync(new byte[100], "warm-up.bin", Stop)));
        foreach (var id in ids)
            await fixture.Server.WaitForInfoAsync(id, info => info.IsDelivered(fixture.Folder.TargetNames), TimeSpan.FromSeconds(30), Stop);
    }

    private async Task AssertFinishedOnceAsync(string id, byte[] content)
    {
        var info = await fixture.Server.WaitForInfoAsync(id, info => info.IsDelivered(fixture.Folder.TargetNames), TimeSpan.FromSeconds(120), Stop);

        Assert.Equal(fixture.Folder.TargetNames.Count, info.Deliveries.Count);
        foreach (var target in fixture.Folder.TargetNames)
            await Content.AssertDeliveredOnceAsync(fixture.Folder, target, id, info, content, Stop);
        foreach (var report in new[] { "metadata-transform", "metadata-verify", "upload-started", "upload-completed" })
            Assert.Single(await File.ReadAllLinesAsync(Path.Combine(fixture.Folder.Reports, $"{id}_{report}"), Stop));
        Assert.Equal(content.Length, await fixture.Http.ReadOffsetAsync(id, Stop).WaitAsync(TimeSpan.FromSeconds(2), Stop));
    }

    private void AssertNothingIsLeftBehind()
    {
        Assert.All(Content.List(fixture.Folder.Uploads), name => Assert.Matches(@"^[0-9a-f-]{36}(\.[a-z]+)?$", name));
        Assert.DoesNotContain(Content.List(fixture.Folder.Uploads), name => name.EndsWith(".tmp", StringComparison.Ordinal) || name.EndsWith(".part", StringComparison.Ordinal));
        Assert.All(Content.List(fixture.Folder.Reports), name => Assert.Matches("^[0-9a-f-]{36}_[a-z-]+$", name));
        foreach (var target in fixture.Folder.TargetNames)
            Assert.DoesNotContain(Content.List(fixture.Folder.Target(target)), name => Path.GetFileName(name).StartsWith('.'));
    }
}
