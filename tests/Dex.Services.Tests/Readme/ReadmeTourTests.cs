using System.Text.Json;
using Dex.Testing;

namespace Dex.Services.Readme;

/// <summary>What the README shows works as it stands there, with the configuration that the repository ships.</summary>
[Trait("Category", "Readme")]
public sealed class ReadmeTourTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ServerFolder _folder = new();
    private ServerProcess? _server;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private ServerProcess Server => _server!;

    public async ValueTask InitializeAsync()
    {
        foreach (var file in new[] { Path.Combine("configs", "local", "delivery.yml"), Path.Combine("upload-configs", "dextesting_testevent1.json") })
            File.Copy(Path.Combine(SourceTree.Root, file), _folder.At(file), overwrite: true);
        _server = await ServerProcess.StartAsync(_folder, Stop);
    }

    [Fact(Timeout = 90_000)]
    public async Task The_curl_snippets_end_with_a_delivered_file_and_a_refused_manifest()
    {
        var snippets = ReadmeTour.Snippets("bash");

        var run = await ProcessRun.StartAsync("bash", ["-euo", "pipefail", "-c", string.Join('\n', snippets)], Limit, Stop, Environment(), _folder.Root);

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var lines = run.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith($"{Server.Address}files/", lines[0], StringComparison.Ordinal);
        Assert.Equal("Upload-Offset: 5", lines[1], ignoreCase: true);
        using var info = JsonDocument.Parse(lines[2]);
        Assert.Equal("Complete", info.RootElement.GetProperty("upload_status").GetProperty("status").GetString());
        Assert.Equal("SUCCESS", info.RootElement.GetProperty("deliveries")[0].GetProperty("status").GetString());
        // The delivered file has no line end of its own: what comes next follows on its line.
        Assert.StartsWith("hello world{\"upload_id\":", lines[3], StringComparison.Ordinal);
        Assert.Contains("\"size\":11", lines[3], StringComparison.Ordinal);
        Assert.Contains("manifest validation config file not found", lines[4], StringComparison.Ordinal);
    }

    [Fact(Timeout = 90_000)]
    public async Task The_client_snippet_ends_with_a_delivered_file()
    {
        var snippet = Assert.Single(ReadmeTour.Snippets("js"));

        var run = await ProcessRun.StartAsync(
            "node", ["--input-type=module", "-e", snippet], Limit, Stop, Environment(), Path.Combine(SourceTree.Root, "tests", "clients"));

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var id = new Uri(run.Output.Trim()).Segments[^1];
        var info = await Server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
        Assert.Equal("hello from a client", await File.ReadAllTextAsync(_folder.At(Assert.Single(info.Deliveries).Location), Stop));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _folder.Dispose();
    }

    private Dictionary<string, string> Environment() => new() { ["DEX_URL"] = Server.Address.ToString().TrimEnd('/') };
}
