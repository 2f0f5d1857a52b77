using System.Text.Json.Nodes;
using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>tus-js-client in Node, in every way it can upload (spec: tus.md 21).</summary>
[Trait("Category", "Clients")]
public abstract class TusJsClientContract(ServerFixture fixture, SourceFiles sources) : IClassFixture<SourceFiles>
{
    private const int Limit = 240_000;
    private const int Large = 300_000_000;
    private const int Middle = 10_000_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(Middle)]
    [InlineData(Large)]
    public async Task A_file_in_one_request_arrives_unchanged(int length)
    {
        var printed = await UploadAsync(length, []);

        Assert.Equal(1, CountPatches(printed));
    }

    [Theory(Timeout = Limit)]
    [InlineData(1, 5_000_000, 1)]
    [InlineData(Middle, 999_983, 11)]
    [InlineData(Large, 40_000_000, 8)]
    public async Task A_file_in_chunks_arrives_unchanged(int length, int chunkSize, int patches)
    {
        var printed = await UploadAsync(length, new JsonObject { ["chunkSize"] = chunkSize });

        Assert.Equal(patches, CountPatches(printed));
    }

    [Theory(Timeout = Limit)]
    [InlineData(Middle)]
    [InlineData(Large)]
    [Rule("CC10")]
    public async Task Four_parallel_uploads_are_joined_and_only_the_whole_is_delivered(int length)
    {
        var before = Directory.GetFiles(fixture.Folder.Target("edav"), "*", SearchOption.AllDirectories).Length;

        var printed = await UploadAsync(length, new JsonObject { ["parallelUploads"] = 4 });

        Assert.Equal(5, Requests(printed).Count(request => request.StartsWith("POST", StringComparison.Ordinal)));
        Assert.Equal(before, Directory.GetFiles(fixture.Folder.Target("edav"), "*", SearchOption.AllDirectories).Length);
    }

    [Theory(Timeout = Limit)]
    [InlineData(1, 1_000_000)]
    [InlineData(Middle, 3_000_000)]
    [InlineData(Large, 40_000_000)]
    public async Task A_stream_of_unknown_length_arrives_unchanged(int length, int chunkSize)
    {
        await UploadAsync(length, new JsonObject { ["deferred"] = true, ["pipe"] = true, ["chunkSize"] = chunkSize });
    }

    [Theory(Timeout = Limit)]
    [InlineData("url", 1_000_000)]
    [InlineData("previous", 1_000_000)]
    public async Task An_aborted_upload_goes_on_where_it_was(string resume, int chunkSize)
    {
        var printed = await UploadAsync(Middle, new JsonObject { ["abortAt"] = 4_500_000, ["chunkSize"] = chunkSize, ["resume"] = resume });

        Assert.Single(Requests(printed), request => request.StartsWith("POST", StringComparison.Ordinal));
        Assert.True(CountPatches(printed) <= 12, "Chunks that were acknowledged must not be sent again.");
    }

    [Theory(Timeout = Limit)]
    [InlineData("url")]
    [InlineData("previous")]
    public async Task An_upload_aborted_within_its_only_request_goes_on_where_it_was(string resume)
    {
        var printed = await UploadAsync(Large, new JsonObject { ["abortAt"] = 10_000_000, ["resume"] = resume });

        Assert.Single(Requests(printed), request => request.StartsWith("POST", StringComparison.Ordinal));
        Assert.Contains(Requests(printed), request => request.StartsWith("HEAD", StringComparison.Ordinal));
        Assert.InRange(printed["bytesAtAbort"]!.GetValue<long>(), 10_000_000, Large);
    }

    private static IEnumerable<string> Requests(JsonNode printed) => printed["requests"]!.AsArray().Select(request => request!.GetValue<string>());

    private static int CountPatches(JsonNode printed) => Requests(printed).Count(request => request.StartsWith("PATCH", StringComparison.Ordinal));

    private Task<JsonNode> UploadAsync(int length, JsonObject options)
    {
        Services.Require(Directory.Exists(Path.Combine(SourceTree.Root, "tests", "clients", "node_modules")), "tus-js-client is not installed");
        return new ClientProgram("node", "tus-js.mjs", fixture, sources).UploadAsync(length, options, Stop);
    }
}
