using System.Text.Json;
using System.Text.Json.Nodes;
using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>Runs one of the programs in <c>tests/clients</c> and checks what became of its upload.</summary>
internal sealed class ClientProgram(string program, string script, ServerFixture fixture, SourceFiles sources)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Uploads a file of so many bytes, waits for its delivery to both targets, and compares what arrived.</summary>
    /// <param name="options">The options of the script, beside endpoint, file and metadata.</param>
    /// <returns>What the script printed.</returns>
    public async Task<JsonNode> UploadAsync(int length, JsonObject options, CancellationToken cancellationToken)
    {
        var source = sources.Get(length);
        var printed = await RunAsync(source, options, cancellationToken);
        var id = new Uri(printed["url"]!.GetValue<string>()).Segments[^1];

        var info = await fixture.Server.WaitForInfoAsync(id, info => info.IsDelivered(fixture.Folder.TargetNames), TimeSpan.FromSeconds(60), cancellationToken);

        Assert.Equal(length, info.Size);
        var expected = await Content.HashFileAsync(source, cancellationToken);
        foreach (var target in fixture.Folder.TargetNames)
        {
            var file = fixture.Folder.At(Assert.Single(info.Deliveries, delivery => delivery.Name == target).Location);
            Assert.Equal(expected, await Content.HashFileAsync(file, cancellationToken));
            File.Delete(file);
        }

        return printed;
    }

    private async Task<JsonNode> RunAsync(string source, JsonObject options, CancellationToken cancellationToken)
    {
        var path = Path.Combine(SourceTree.Root, "tests", "clients", script);
        options["endpoint"] = new Uri(fixture.Server.Address, "/files").ToString();
        options["file"] = source;
        options["metadata"] = JsonSerializer.SerializeToNode(ServerManifest.For("source.bin"));
        var output = await ProcessRun.SucceedAsync(program, [path, options.ToJsonString()], Limit, cancellationToken);
        return JsonNode.Parse(output)!;
    }
}
