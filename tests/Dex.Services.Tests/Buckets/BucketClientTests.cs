using System.Text.Json.Nodes;
using Dex.Services.Clients;
using Dex.Testing;

namespace Dex.Services.Buckets;

/// <summary>Real clients against a server whose uploads lie in a bucket: what differs from the file system is which bytes come together in a request.</summary>
[Trait("Category", "Clients")]
public sealed class BucketClientTests(BucketServerFixture fixture, SourceFiles sources) : IClassFixture<BucketServerFixture>, IClassFixture<SourceFiles>
{
    private const int Limit = 240_000;
    private const int Middle = 25_000_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<int, string> Ways => new()
    {
        { 1, "{}" },
        { Middle, "{}" },
        { Middle, """{"chunkSize":999983}""" },
        { Middle, """{"chunkSize":6000000}""" },
        { Middle, """{"deferred":true,"pipe":true,"chunkSize":3000000}""" },
        { Middle, """{"parallelUploads":4}""" },
    };

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    [Rule("S34", "S39")]
    public async Task What_tus_js_client_sends_arrives_unchanged(int length, string options) =>
        await Program("node", "tus-js.mjs").UploadAsync(length, JsonNode.Parse(options)!.AsObject(), Stop);

    [Theory(Timeout = Limit)]
    [InlineData(Middle, "{}")]
    [InlineData(Middle, """{"chunkSize":1000000,"stopAt":5000000}""")]
    public async Task What_tuspy_sends_arrives_unchanged(int length, string options)
    {
        Services.Require(File.Exists("/usr/lib/python3/dist-packages/tusclient/__init__.py"), "python3-tuspy is not installed");
        await Program("/usr/bin/python3", "tuspy_upload.py").UploadAsync(length, JsonNode.Parse(options)!.AsObject(), Stop);
    }

    private ClientProgram Program(string interpreter, string script) => new(interpreter, script, fixture, sources);
}
