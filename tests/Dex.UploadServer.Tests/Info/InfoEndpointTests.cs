using System.Net;
using System.Text.Json;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Tests.Info;

public sealed class InfoEndpointTests : IAsyncLifetime
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";
    private static readonly DateTimeOffset s_created = new(2025, 6, 5, 14, 3, 1, TimeSpan.Zero);
    private static readonly DateTimeOffset s_modified = s_created.AddSeconds(1).AddTicks(1_182_045);
    private static readonly DateTimeOffset s_completed = s_created.AddSeconds(1).AddTicks(1_210_071);
    private InfoFixture _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _server = await InfoFixture.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("00000000-0000-4000-8000-000000000000", true)]
    [InlineData("7F1D0F5E-3C1B-4A58-9D0E-5B0C2A9F6E11", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e1", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e111", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e1g", false)]
    [InlineData("7f1d0f5e03c1b04a5809d0e05b0c2a9f6e11", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11.info", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11+", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11+a%2Fb", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11+..", false)]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11%0A", false)]
    [InlineData("..%2F..%2Fx", false)]
    [InlineData("..%2F7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11", false)]
    [InlineData("%E2%80%A6", false)]
    [InlineData("x", false)]
    public async Task An_id_that_is_not_there_is_not_found_and_a_strange_one_not_even_looked_up(string id, bool lookedUp)
    {
        var response = await _server.Client.GetAsync($"/info/{id}", Stop);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("error getting file manifest\n", await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal(lookedUp, _server.LookUps.Count > 0);
    }

    [Theory]
    [InlineData("/info/")]
    [InlineData("/info/" + Id + "/")]
    [InlineData("/info/" + Id + "/x")]
    [InlineData("/INFO/" + Id)]
    [InlineData("/upload/info/" + Id + "/")]
    public async Task Another_path_is_plainly_not_found(string path)
    {
        _server.Uploads[Id] = Stored(10, 10);

        var response = await _server.Client.GetAsync(path, Stop);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("404 page not found\n", await response.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task A_delivered_upload_is_told_byte_for_byte()
    {
        _server.Uploads[Id] = Stored(10_240, 10_240);
        await _server.RecordAsync(
            Id, s_created, s_completed,
            new() { Target = "edav", Succeeded = false, Location = "ignored", EndedAt = s_completed.AddTicks(1), Issues = [new("ERROR", "source file does not exist")] },
            new() { Target = "edav", Succeeded = true, Location = "uploads/edav/2025/06/05/x", EndedAt = s_created.AddSeconds(2) });

        var response = await _server.Client.GetAsync($"/info/{Id}", Stop);

        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(
            """{"manifest":{"a":"\u003cé\u003e","data_stream_id":"dextesting","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11"},"""
            + "\"file_info\":" + """{"size_bytes":10240,"updated_at":"2025-06-05T14:03:02.1182045Z"},"""
            + "\"upload_status\":" + """{"status":"Complete","chunk_received_at":"2025-06-05T14:03:02.1210071Z"},"""
            + "\"deliveries\":" + """[{"status":"FAILURE","name":"edav","location":"","delivered_at":"2025-06-05T14:03:02.1210072Z","issues":[{"level":"ERROR","message":"source file does not exist"}]},"""
            + """{"status":"SUCCESS","name":"edav","location":"uploads/edav/2025/06/05/x","delivered_at":"2025-06-05T14:03:03Z","issues":null}]}"""
            + "\n",
            await response.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData(0L, 10L, false, "Initiated")]
    [InlineData(0L, null, false, "Initiated")]
    [InlineData(1L, 10L, false, "In Progress")]
    [InlineData(1L, null, false, "In Progress")]
    [InlineData(10L, 10L, false, "In Progress")]
    [InlineData(0L, 0L, false, "In Progress")]
    [InlineData(10L, 10L, true, "Complete")]
    [InlineData(0L, 0L, true, "Complete")]
    public async Task The_status_follows_the_offset_until_completion_is_recorded(long offset, long? length, bool completed, string expected)
    {
        _server.Uploads[Id] = Stored(offset, length);
        await _server.RecordAsync(Id, s_created, completed ? s_completed : null);

        var info = await GetAsync();

        var status = info.GetProperty("upload_status");
        Assert.Equal(expected, status.GetProperty("status").GetString());
        Assert.Equal(completed ? "2025-06-05T14:03:02.1210071Z" : "2025-06-05T14:03:02.1182045Z", status.GetProperty("chunk_received_at").GetString());
        Assert.Equal(JsonValueKind.Null, info.GetProperty("deliveries").ValueKind);
        Assert.Equal(offset, info.GetProperty("file_info").GetProperty("size_bytes").GetInt64());
    }

    [Fact]
    public async Task Without_a_file_of_the_data_there_is_none_to_tell_of()
    {
        _server.Uploads[Id] = Stored(5, 10) with { HasFile = false };
        await _server.RecordAsync(Id, s_created, null);

        var info = await GetAsync();

        Assert.Equal(JsonValueKind.Null, info.GetProperty("file_info").ValueKind);
        Assert.Equal("In Progress", info.GetProperty("upload_status").GetProperty("status").GetString());
        Assert.Equal("2025-06-05T14:03:02.1182045Z", info.GetProperty("upload_status").GetProperty("chunk_received_at").GetString());
    }

    [Fact]
    public async Task An_upload_from_before_the_switch_over_is_told_from_its_reports()
    {
        _server.Uploads[Id] = Stored(10, 10);
        ReportAsPredecessor();

        var info = await GetAsync();

        Assert.Equal("Complete", info.GetProperty("upload_status").GetProperty("status").GetString());
        Assert.Equal("2025-06-05T14:03:02.1210071Z", info.GetProperty("upload_status").GetProperty("chunk_received_at").GetString());
        Assert.Equal("old", info.GetProperty("deliveries")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task The_ledger_outranks_old_reports()
    {
        _server.Uploads[Id] = Stored(5, 10);
        await _server.RecordAsync(Id, s_created, completedAt: null);
        ReportAsPredecessor();

        var info = await GetAsync();

        Assert.Equal("In Progress", info.GetProperty("upload_status").GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, info.GetProperty("deliveries").ValueKind);
    }

    [Theory]
    [InlineData(0, "Initiated")]
    [InlineData(5, "In Progress")]
    [InlineData(10, "Complete")]
    public async Task An_upload_nobody_reported_on_is_told_from_the_store(long offset, string expected)
    {
        _server.Uploads[Id] = Stored(offset, 10);

        Assert.Equal(expected, (await GetAsync()).GetProperty("upload_status").GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_terminated_upload_is_not_found()
    {
        _server.Uploads[Id] = Stored(5, 10);
        await _server.RecordAsync(Id, s_created, completedAt: null);
        await _server.Ledger.TerminateUploadAsync(Id, s_completed, Stop);

        var response = await _server.Client.GetAsync($"/info/{Id}", Stop);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("error getting file manifest\n", await response.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData("GET", "/info/" + Id)]
    [InlineData("POST", "/info/" + Id)]
    [InlineData("OPTIONS", "/info/" + Id)]
    [InlineData("GET", "/info/" + Id + "%2Bmultipart")]
    [InlineData("GET", "/info/" + Id + "+multipart")]
    [InlineData("GET", "/info/" + Id + "?x=y")]
    [InlineData("GET", "/upload/info/" + Id)]
    public async Task Any_method_and_either_path_will_do(string method, string path)
    {
        _server.Uploads[Id] = Stored(5, 10);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        var response = await _server.Client.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.EndsWith("}\n", await response.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_answers_as_get_without_a_body()
    {
        _server.Uploads[Id] = Stored(5, 10);
        using var request = new HttpRequestMessage(HttpMethod.Head, $"/info/{Id}");

        var response = await _server.Client.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Content.Headers.ContentLength > 0);
    }

    [Fact]
    public async Task Hostile_metadata_stay_valid_JSON()
    {
        _server.Uploads[Id] = Stored(0, 1) with { Metadata = UploadMetadata.Parse("bad /w==,quote Ig==,nul AA==").With("key\"\\<>é", "A") };

        var manifest = (await GetAsync()).GetProperty("manifest");

        Assert.Equal("\uFFFD", manifest.GetProperty("bad").GetString());
        Assert.Equal("\"", manifest.GetProperty("quote").GetString());
        Assert.Equal("\0", manifest.GetProperty("nul").GetString());
        Assert.Equal("A", manifest.GetProperty("key\"\\<>é").GetString());
    }

    [Theory]
    [InlineData(true, "error getting file manifest\n")]
    [InlineData(false, "error getting file upload status\n")]
    public async Task A_failure_says_which_question_failed_and_no_more(bool store, string expected)
    {
        _server.Uploads[Id] = Stored(5, 10);
        if (store)
            _server.Failure = new InvalidDataException("/secret/place is broken");
        else
            ((IDisposable)_server.Ledger).Dispose();

        var response = await _server.Client.GetAsync($"/info/{Id}", Stop);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(expected, await response.Content.ReadAsStringAsync(Stop));
    }

    private async Task<JsonElement> GetAsync() =>
        JsonDocument.Parse(await _server.Client.GetByteArrayAsync(new Uri($"/info/{Id}", UriKind.Relative), Stop)).RootElement;

    private static Upload Stored(long offset, long? length) => new()
    {
        Id = Id,
        Offset = offset,
        Length = length,
        ModifiedAt = s_modified,
        Metadata = UploadMetadata.Empty.With("upload_id", Id).With("data_stream_id", "dextesting").With("a", "<é>"),
    };

    private void ReportAsPredecessor()
    {
        _server.Report(Id, "upload-completed", s_completed, "{}");
        _server.Report(
            Id, "blob-file-copy", s_completed,
            """{"stage_info":{"status":"SUCCESS","issues":null,"end_processing_time":"2025-06-05T14:03:02Z"},"content":{"destination_name":"old","file_destination_blob_url":"there"}}""");
    }
}
