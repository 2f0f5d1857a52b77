using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 11.</summary>
public sealed class ConcatenationTests(TusServer server) : IClassFixture<TusServer>
{
    private const string NotFound = "ERR_UPLOAD_NOT_FOUND: upload not found\n";
    private const string NotFinished = "ERR_UPLOAD_NOT_FINISHED: one of the partial uploads is not finished\n";
    private const string Invalid = "ERR_INVALID_CONCAT: invalid Upload-Concat header\n";

    [Fact]
    [Rule("CC1", "CC2", "CC3", "CC4", "CC5", "CC6")]
    public async Task CC1_to_CC6_parts_are_joined_in_order_and_only_the_final_is_processed()
    {
        var a = await PartAsync("hello ");
        var b = await PartAsync("world");

        var created = await server.TusAsync("POST", "/files", "", $"Upload-Concat: final; /files/{a}  http://elsewhere/files/{b}/ /files/{a}", "Upload-Metadata: k aGk=", "Upload-Length: 99");
        var id = created.Header("Location")!.Split('/')[^1];
        var head = await server.TusAsync("HEAD", $"/files/{id}");
        var patch = await server.PatchAsync(id, 17, "x");

        Assert.Equal(201, created.Status);
        Assert.Equal("hello worldhello "u8.ToArray(), server.Store.BytesOf(id));
        Assert.Equal($"final;http://up.example/files/{a} http://up.example/files/{b} http://up.example/files/{a}", head.Header("Upload-Concat"));
        Assert.Equal(("17", "17", "k aGk="), (head.Header("Upload-Length"), head.Header("Upload-Offset"), head.Header("Upload-Metadata")));
        Assert.Equal((403, "ERR_MODIFY_FINAL: modifying a final upload is not allowed\n"), (patch.Status, patch.Body));
        Assert.Equal("partial", (await server.TusAsync("HEAD", $"/files/{a}")).Header("Upload-Concat"));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Theory]
    [InlineData("final", 400, Invalid)]
    [InlineData("final;", 400, Invalid)]
    [InlineData("final;  ", 400, Invalid)]
    [InlineData("Final;/files/x", 400, Invalid)]
    [InlineData("PARTIAL", 400, Invalid)]
    [InlineData("partial;", 400, Invalid)]
    [InlineData("", 400, Invalid)]
    [InlineData("final;/files/00000000-0000-4000-8000-000000000000", 404, NotFound)]
    [InlineData("final;/other/00000000-0000-4000-8000-000000000000", 404, NotFound)]
    [InlineData("final;/files/../secret", 404, NotFound)]
    [InlineData("final;http://host", 404, NotFound)]
    [Rule("CC7")]
    public async Task CC7_a_bad_value_creates_nothing(string value, int status, string body)
    {
        var before = server.Store.Count;

        var answer = await server.TusAsync("POST", "/files", "", $"Upload-Concat: {value}", "Upload-Length: 1");

        Assert.Equal((status, body), (answer.Status, answer.Body));
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    [Rule("CC8")]
    public async Task CC8_a_store_that_cannot_wait_refuses_an_unfinished_part()
    {
        await using var limited = new TusServer(_ => { }, store => new LimitedStore(store));
        await limited.InitializeAsync();
        var empty = await limited.CreateAsync(0, "Upload-Concat: partial");
        var unfinished = await limited.CreateAsync(5, "Upload-Concat: partial");

        var early = await limited.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{empty} /files/{unfinished}");
        var options = await limited.TusAsync("OPTIONS", "/files");

        Assert.Equal((400, NotFinished), (early.Status, early.Body));
        Assert.DoesNotContain("concatenation-unfinished", options.Header("Tus-Extension"), StringComparison.Ordinal);
    }

    [Fact]
    [Rule("CC8")]
    public async Task CC8_only_a_partial_upload_is_waited_for()
    {
        var whole = await server.CreateAsync(5);
        var partial = await server.CreateAsync(5, "Upload-Concat: partial");
        var final = (await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{partial}")).Header("Location")!.Split('/')[^1];

        foreach (var unfinished in (string[])[whole, final])
        {
            var answer = await server.TusAsync("POST", "/files", "", $"Upload-Concat: final;/files/{unfinished}");

            Assert.Equal((400, NotFinished), (answer.Status, answer.Body));
        }
    }

    [Fact]
    [Rule("CC5")]
    public async Task CC5_a_final_upload_takes_no_body()
    {
        var part = await PartAsync("x");

        var withBody = await server.TusAsync("POST", "/files", "x", $"Upload-Concat: final;/files/{part}", "Content-Type: application/offset+octet-stream");

        Assert.Equal(403, withBody.Status);
    }

    [Fact]
    [Rule("CC3")]
    public async Task CC3_a_thousand_parts_and_empty_ones_can_be_joined()
    {
        var part = await PartAsync("ab");
        var empty = await server.CreateAsync(0, "Upload-Concat: partial");

        var created = await server.TusAsync("POST", "/files", "", "Upload-Concat: final;/files/" + empty + string.Concat(Enumerable.Repeat($" /files/{part}", 1000)));

        Assert.Equal(201, created.Status);
        Assert.Equal(2000, server.Store.BytesOf(created.Header("Location")!.Split('/')[^1]).Length);
    }

    private async Task<string> PartAsync(string content)
    {
        var answer = await server.TusAsync("POST", "/files", content, $"Upload-Length: {content.Length}", "Upload-Concat: partial", "Content-Type: application/offset+octet-stream");
        Assert.Equal(201, answer.Status);
        return answer.Header("Location")!.Split('/')[^1];
    }
}
