using System.Text.Json.Nodes;
using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>curl as people use it: a whole file in one request (docs/adr/0012).</summary>
[Trait("Category", "Clients")]
public abstract class CurlContract(ServerFixture fixture, SourceFiles sources) : IClassFixture<SourceFiles>
{
    private const int Limit = 120_000;
    private const int Large = 20_000_000; // curl asks first whether it may send

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string Metadata => $"Upload-Metadata: {ServerManifest.Encode(Manifest)}";

    private static Dictionary<string, string> Manifest => ServerManifest.For("by-curl.bin");

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Large)]
    public async Task A_file_is_put(int length) =>
        await AssertDeliveredAsync(length, await CurlAsync("-T", sources.Get(length), "-H", Metadata, At("/files/")));

    [Fact(Timeout = Limit)]
    public async Task The_address_names_a_file_that_the_manifest_does_not()
    {
        var manifest = Manifest;
        manifest.Remove("received_filename");
        var source = sources.Get(1);

        var info = await AssertDeliveredAsync(1, await CurlAsync("-T", source, "-H", $"Upload-Metadata: {ServerManifest.Encode(manifest)}", At("/files/")));

        Assert.Equal(Path.GetFileName(source), info.Manifest["received_filename"]);
    }

    [Fact(Timeout = Limit)]
    public async Task Standard_input_is_put_in_chunks()
    {
        var command = $"cat '{sources.Get(Large)}' | curl -sS -T - -H '{Metadata}' {At("/files/x.bin")}";

        await AssertDeliveredAsync(Large, JsonNode.Parse(await ProcessRun.SucceedAsync("bash", ["-euo", "pipefail", "-c", command], TimeSpan.FromSeconds(60), Stop))!);
    }

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(Large)]
    public async Task A_file_is_posted(int length) =>
        await AssertDeliveredAsync(length, await CurlAsync("--data-binary", $"@{sources.Get(length)}", "-H", Metadata, At("/files")));

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Large)]
    public async Task A_form_is_posted(int length)
    {
        var fields = Manifest.SelectMany(pair => new[] { "-F", $"{pair.Key}={pair.Value}" });

        await AssertDeliveredAsync(length, await CurlAsync([.. fields, "-F", $"file=@{sources.Get(length)}", At("/files")]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_form_takes_its_manifest_from_the_header_and_its_files_name_from_the_file()
    {
        var manifest = Manifest;
        manifest.Remove("received_filename");

        var info = await AssertDeliveredAsync(1, await CurlAsync(
            "-H", $"Upload-Metadata: {ServerManifest.Encode(manifest)}", "-F", $"file=@{sources.Get(1)};filename=\u00fcber uns.bin", At("/files")));

        Assert.Equal("\u00fcber uns.bin", info.Manifest["received_filename"]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_draft_request_is_one_round_trip()
    {
        var run = await ProcessRun.SucceedAsync(
            "curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_connects} %header{upload-complete} %header{location}", "--data-binary", $"@{sources.Get(1)}", "-H", Metadata, "-H", "Upload-Complete: ?1", At("/files")],
            TimeSpan.FromSeconds(60), Stop);

        var words = run.Split(' ');
        Assert.Equal(["201", "1", "?1"], words[..3]);
        await AssertDeliveredAsync(1, new JsonObject { ["upload_id"] = words[3][^36..], ["size"] = 1L, ["location"] = words[3] });
    }

    [Theory(Timeout = Limit)]
    [InlineData("-T")]
    [InlineData("--data-binary")]
    [InlineData("-F")]
    public async Task A_manifest_that_breaks_the_rules_is_refused_with_the_reasons(string option)
    {
        var file = option switch { "-T" => sources.Get(Large), "-F" => $"file=@{sources.Get(Large)}", _ => $"@{sources.Get(Large)}" };
        var before = await fixture.ListStoredAsync(Stop);

        var run = await ProcessRun.SucceedAsync(
            "curl", ["-sS", "-w", "\n%{http_code}", option, file, "-H", "Upload-Metadata: data_stream_id ZGV4dGVzdGluZw==,data_stream_route dGVzdGV2ZW50MQ==", At("/files/")],
            TimeSpan.FromSeconds(60), Stop);

        Assert.StartsWith("{\"upload_id\":\"", run, StringComparison.Ordinal);
        Assert.Contains("field sender_id was missing", run, StringComparison.Ordinal);
        Assert.EndsWith("\n400", run, StringComparison.Ordinal);
        Assert.Equal(before, await fixture.ListStoredAsync(Stop));
    }

    private string At(string path) => new Uri(fixture.Server.Address, path).ToString();

    private static async Task<JsonNode> CurlAsync(params string[] arguments) =>
        JsonNode.Parse(await ProcessRun.SucceedAsync("curl", ["-sS", "--fail-with-body", .. arguments], TimeSpan.FromSeconds(60), Stop))!;

    private async Task<ServerInfo> AssertDeliveredAsync(int length, JsonNode answer)
    {
        var id = answer["upload_id"]!.GetValue<string>();
        Assert.Equal(length, answer["size"]!.GetValue<long>());
        Assert.Equal(At($"/files/{id}"), answer["location"]!.GetValue<string>());

        var info = await fixture.Server.WaitForInfoAsync(id, info => info.IsDelivered(fixture.Folder.TargetNames), TimeSpan.FromSeconds(60), Stop);

        Assert.Equal(length, info.Size);
        Assert.Equal(id, info.Manifest["upload_id"]);
        var content = await File.ReadAllBytesAsync(sources.Get(length), Stop);
        foreach (var target in fixture.Folder.TargetNames)
            await Content.AssertDeliveredOnceAsync(fixture.Folder, target, id, info, content, Stop);
        return info;
    }
}
