using System.Text.Json.Nodes;
using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>Both generations of tus-js-client in the IETF draft's modes, and mixed with tus 1.0 (spec: tus.md 18, 21, HY1 to HY4, DL5, DR15).</summary>
[Trait("Category", "Clients")]
public abstract class TusJsDraftContract(ServerFixture fixture, SourceFiles sources) : IClassFixture<SourceFiles>
{
    private const int Limit = 240_000;
    private const int Middle = 10_000_000;
    private const int Chunk = 3_000_000;
    private const int InFirstChunk = 1;
    private const int InLastChunk = 9_000_001;

    private static readonly string[] Clients = ["tus-js-client", "tus-js-client-5"];
    private static readonly string[] Drafts = ["ietf-draft-03", "ietf-draft-05"];
    private static readonly bool[] Deferral = [false, true];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static MatrixTheoryData<string, string, bool> Modes => new(Clients, Drafts, Deferral);

    public static MatrixTheoryData<string, string> Dialects => new(Clients, Drafts);

    public static MatrixTheoryData<string, int> PageSizes => new(Clients, [0, 1, Middle, 90_000_000]);

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("HY4")]
    public async Task HY4_A_byte_in_one_request_arrives(string client, string draft, bool deferred)
    {
        var printed = await UploadAsync(1, Mode(client, draft, deferred));

        Assert.Equal(1, Count(printed, "PATCH"));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("HY4")]
    public async Task HY4_A_file_in_one_request_arrives_unchanged(string client, string draft, bool deferred)
    {
        var printed = await UploadAsync(Middle, Mode(client, draft, deferred));

        Assert.Equal(1, Count(printed, "PATCH"));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("HY4")]
    public async Task HY4_A_file_in_chunks_arrives_unchanged(string client, string draft, bool deferred)
    {
        var options = Mode(client, draft, deferred);
        options["chunkSize"] = Chunk;

        var printed = await UploadAsync(Middle, options);

        Assert.Equal(4, Count(printed, "PATCH"));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Dialects))]
    [Rule("DR15")]
    public async Task DR15_A_stream_of_unknown_length_arrives_unchanged(string client, string draft)
    {
        var options = Mode(client, draft, deferred: true);
        options["pipe"] = true;
        options["chunkSize"] = Chunk;

        await UploadAsync(Middle, options);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("DR11")]
    public async Task DR11_Bytes_that_come_with_the_creation_count(string client, string draft, bool chunks)
    {
        var options = Mode(client, draft, deferred: false);
        options["duringCreation"] = true;
        if (chunks)
            options["chunkSize"] = Chunk;

        var printed = await UploadAsync(Middle, options);

        Assert.Equal(chunks ? 3 : 0, Count(printed, "PATCH"));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("DL5")]
    public async Task DL5_An_upload_paused_in_its_only_request_is_resumed(string client, string draft, bool deferred)
    {
        var options = Mode(client, draft, deferred);
        options["abortAt"] = InFirstChunk;
        options["resume"] = "same";

        AssertResumed(await UploadAsync(Middle, options));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("DL5")]
    public async Task DL5_An_upload_paused_in_its_last_chunk_is_resumed(string client, string draft, bool deferred)
    {
        var options = Mode(client, draft, deferred);
        options["chunkSize"] = Chunk;
        options["abortAt"] = InLastChunk;
        options["resume"] = "same";

        AssertResumed(await UploadAsync(Middle, options));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("DL5")]
    public async Task DL5_An_upload_paused_in_its_last_chunk_is_resumed_by_a_new_object(string client, string draft, bool deferred)
    {
        var options = Mode(client, draft, deferred);
        options["chunkSize"] = Chunk;
        options["abortAt"] = InLastChunk;
        options["resume"] = "previous";

        AssertResumed(await UploadAsync(Middle, options));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("HY4")]
    public async Task HY4_An_upload_made_by_tus_1_is_sent_in_the_draft(string client, string draft, bool deferred)
    {
        var options = Mode(client, draft, deferred);
        options["created"] = deferred ? "deferred" : "fixed";
        options["chunkSize"] = Chunk;

        var printed = await UploadAsync(Middle, options);

        Assert.Equal(4, Count(printed, "PATCH"));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("HY4")]
    public async Task HY4_An_upload_begun_in_the_draft_is_finished_in_tus_1(string client, string draft, bool deferred)
    {
        var options = Mode(client, draft, deferred);
        options["chunkSize"] = Chunk;
        options["abortAt"] = InFirstChunk;
        options["resume"] = "url";
        options["resumeWith"] = new JsonObject { ["protocol"] = "tus-v1" };

        AssertResumed(await UploadAsync(Middle, options));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("HY4")]
    public async Task HY4_An_upload_begun_in_tus_1_is_finished_in_the_draft(string client, string draft, bool deferred)
    {
        var options = Mode(client, "tus-v1", deferred);
        options["chunkSize"] = Chunk;
        options["abortAt"] = InLastChunk;
        options["resume"] = "url";
        options["resumeWith"] = new JsonObject { ["protocol"] = draft };

        AssertResumed(await UploadAsync(Middle, options));
    }

    [Theory(Timeout = Limit), MemberData(nameof(PageSizes))]
    [Rule("HY2")]
    public async Task HY2_The_reference_page_uploads_a_file(string client, int length)
    {
        var printed = await UploadAsync(length, ReferencePage(client));

        Assert.Equal(1, Count(printed, "HEAD"));
        Assert.Equal(Math.Max(1, (length + 39_999_999) / 40_000_000), Count(printed, "PATCH"));
    }

    [Theory(Timeout = Limit)]
    [InlineData("tus-js-client", InFirstChunk, "same")]
    [InlineData("tus-js-client", InFirstChunk, "url")]
    [InlineData("tus-js-client-5", InFirstChunk, "same")]
    [InlineData("tus-js-client-5", InFirstChunk, "url")]
    [Rule("HY3")]
    public async Task HY3_The_reference_page_resumes_after_a_pause_in_its_only_chunk(string client, int pauseAt, string resume)
    {
        var options = ReferencePage(client);
        options["abortAt"] = pauseAt;
        options["resume"] = resume;

        AssertResumed(await UploadAsync(Middle, options));
    }

    [Theory(Timeout = Limit)]
    [InlineData("tus-js-client", "same")]
    [InlineData("tus-js-client", "url")]
    [InlineData("tus-js-client-5", "same")]
    [InlineData("tus-js-client-5", "url")]
    [Rule("HY3")]
    public async Task HY3_The_reference_page_resumes_after_a_pause_in_its_last_chunk(string client, string resume)
    {
        var options = ReferencePage(client);
        options["abortAt"] = 80_000_001;
        options["resume"] = resume;

        AssertResumed(await UploadAsync(90_000_000, options));
    }

    [Theory(Timeout = Limit)]
    [InlineData("tus-js-client", "tus-js-client-5")]
    [InlineData("tus-js-client-5", "tus-js-client")]
    [Rule("HY3")]
    public async Task HY3_The_reference_page_resumes_in_its_other_generation(string client, string other)
    {
        var options = ReferencePage(client);
        options["abortAt"] = InFirstChunk;
        options["resume"] = "url";
        options["resumeWith"] = new JsonObject { ["client"] = other };

        AssertResumed(await UploadAsync(Middle, options));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Modes))]
    [Rule("R5")]
    public async Task R5_A_patch_sent_as_a_post_is_one(string client, string draft, bool deferred)
    {
        var options = Mode(client, draft, deferred);
        options["override"] = true;
        options["chunkSize"] = Chunk;

        var printed = await UploadAsync(Middle, options);

        Assert.Equal(0, Count(printed, "PATCH"));
    }

    private static JsonObject Mode(string client, string protocol, bool deferred) =>
        new() { ["client"] = client, ["protocol"] = protocol, ["deferred"] = deferred };

    /// <summary>What the page sets (spec: tus.md 18.6): the draft's protocol with tus 1.0's headers.</summary>
    private static JsonObject ReferencePage(string client)
    {
        var options = Mode(client, "ietf-draft-03", deferred: true);
        options["created"] = "deferred";
        options["chunkSize"] = 40_000_000;
        options["headers"] = new JsonObject { ["Tus-Resumable"] = "1.0.0", ["Content-Type"] = "application/offset+octet-stream" };
        return options;
    }

    private static void AssertResumed(JsonNode printed)
    {
        Assert.True(printed["bytesAtAbort"]!.GetValue<long>() > 0);
        Assert.True(Count(printed, "HEAD") >= 1, "The upload must be resumed, not sent anew.");
        Assert.True(Count(printed, "POST") <= 1, "The upload must be resumed, not sent anew.");
    }

    private static int Count(JsonNode printed, string method) =>
        printed["requests"]!.AsArray().Count(request => request!.GetValue<string>().StartsWith(method, StringComparison.Ordinal));

    private Task<JsonNode> UploadAsync(int length, JsonObject options)
    {
        Services.Require(Directory.Exists(Path.Combine(SourceTree.Root, "tests", "clients", "node_modules", "tus-js-client-5")), "tus-js-client is not installed");
        return new ClientProgram("node", "tus-js.mjs", fixture, sources).UploadAsync(length, options, Stop);
    }
}
