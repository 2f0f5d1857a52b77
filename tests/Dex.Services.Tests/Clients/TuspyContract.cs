using System.Text.Json.Nodes;
using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>tuspy, as Debian ships it.</summary>
[Trait("Category", "Clients")]
public abstract class TuspyContract(ServerFixture fixture, SourceFiles sources) : IClassFixture<SourceFiles>
{
    private const int Limit = 240_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(10_000_000)]
    [InlineData(300_000_000)]
    public async Task A_file_in_one_request_arrives_unchanged(int length)
    {
        var printed = await UploadAsync(length, []);

        Assert.Equal(length, printed["offset"]!.GetValue<long>());
    }

    [Theory(Timeout = Limit)]
    [InlineData(10_000_000, 999_983)]
    [InlineData(300_000_000, 40_000_000)]
    public async Task A_file_in_chunks_arrives_unchanged(int length, int chunkSize)
    {
        var printed = await UploadAsync(length, new JsonObject { ["chunkSize"] = chunkSize });

        Assert.Equal(length, printed["offset"]!.GetValue<long>());
    }

    [Fact(Timeout = Limit)]
    public async Task An_upload_that_stopped_half_way_goes_on_from_its_address()
    {
        var printed = await UploadAsync(10_000_000, new JsonObject { ["chunkSize"] = 1_000_000, ["stopAt"] = 5_000_000 });

        Assert.Equal(10_000_000, printed["offset"]!.GetValue<long>());
    }

    private Task<JsonNode> UploadAsync(int length, JsonObject options)
    {
        Services.Require(File.Exists("/usr/lib/python3/dist-packages/tusclient/__init__.py"), "python3-tuspy is not installed");
        return new ClientProgram("/usr/bin/python3", "tuspy_upload.py", fixture, sources).UploadAsync(length, options, Stop);
    }
}
