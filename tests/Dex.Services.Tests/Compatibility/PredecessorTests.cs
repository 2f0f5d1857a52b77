using System.Text;
using System.Text.Json;
using Dex.Testing;

namespace Dex.Services.Compatibility;

/// <summary>A store that the predecessor wrote, byte for byte as it lays it out (spec: storage-layout.md 1, 2 and 8).</summary>
[Trait("Category", "Compatibility")]
public sealed class PredecessorTests : IDisposable
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";
    private const string IngestedAt = "2025-06-05T14:03:01.482913774Z";

    private readonly ServerFolder _folder = new();
    private readonly byte[] _content = Encoding.ASCII.GetBytes("hello world");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory(Timeout = 60_000)]
    [InlineData(11, false)]
    [InlineData(0, true)]
    [Rule("SH3", "ST2")]
    public async Task An_unfinished_upload_is_continued_and_delivered(long size, bool deferred)
    {
        LayOut(_content.AsSpan(0, 5), size, deferred);
        Report("metadata-transform");
        Report("metadata-verify");
        Report("upload-started");
        Report("upload-status", """{"content_schema_name":"upload-status","content_schema_version":"1.0.0","filename":"dex-smoke-test","tguid":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","offset":5,"size":11}""");
        await using var server = await ServerProcess.StartAsync(_folder, Stop);

        var before = await server.FindInfoAsync(Id, Stop);
        var offset = await server.Http.ReadOffsetAsync(Id, Stop);
        await FinishAsync(server, deferred);
        var info = await server.WaitForInfoAsync(Id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);

        Assert.Equal(5, offset);
        Assert.Equal("In Progress", before?.Status);
        Assert.Equal(IngestedAt, info.Manifest["dex_ingest_datetime"]);
        Assert.Equal($"uploads/edav/2025/06/05/dex-smoke-test_{Id}", Assert.Single(info.Deliveries).Location);
        await Content.AssertDeliveredOnceAsync(_folder, "edav", Id, info, _content, Stop);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_finished_upload_is_shown_as_its_reports_tell_it()
    {
        LayOut(_content, _content.Length, deferred: false);
        File.WriteAllText(Path.Combine(_folder.Uploads, $"{Id}.meta"), JsonSerializer.Serialize(Manifest()));
        foreach (var action in new[] { "metadata-transform", "metadata-verify", "upload-started", "upload-completed" })
            Report(action);
        Report("blob-file-copy", """{"content_schema_name":"blob-file-copy","content_schema_version":"1.0.0","file_source_blob_url":"","file_destination_blob_url":"uploads/edav/2025/06/05/dex-smoke-test_7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","destination_name":"edav"}""");
        Directory.CreateDirectory(_folder.Events);
        File.WriteAllText(Path.Combine(_folder.Events, $"{Id}_FileReady"), FileReady + "\n");
        await using var server = await ServerProcess.StartAsync(_folder, Stop);

        var info = await server.FindInfoAsync(Id, Stop);

        Assert.Equal("Complete", info?.Status);
        Assert.Equal(_content.Length, info?.Size);
        Assert.Equal(Manifest(), info?.Manifest);
        var delivery = Assert.Single(info!.Deliveries);
        Assert.Equal(("edav", "SUCCESS", $"uploads/edav/2025/06/05/dex-smoke-test_{Id}"), (delivery.Name, delivery.Status, delivery.Location));
        Assert.Equal(_content.Length, await server.Http.ReadOffsetAsync(Id, Stop));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public async Task A_delivery_that_failed_is_tried_again_unless_it_was_given_up(int failures, bool isDelivered)
    {
        LayOut(_content, _content.Length, deferred: false);
        Report("upload-completed");
        Directory.CreateDirectory(_folder.Events);
        File.WriteAllText(Path.Combine(_folder.Events, $"{Id}_FileReady"), FileReady + "\n");
        for (var i = 0; i < failures; i++)
            Report("blob-file-copy", """{"content_schema_name":"blob-file-copy","content_schema_version":"1.0.0","file_source_blob_url":"","file_destination_blob_url":"","destination_name":"edav"}""", "FAILURE");
        await using var server = await ServerProcess.StartAsync(_folder, Stop);

        var info = await server.WaitForInfoAsync(
            Id, info => Says("reconciled uploads") && info.Succeeded("edav").Any() == isDelivered, TimeSpan.FromSeconds(30), Stop);

        Assert.Equal(failures, info.Deliveries.Count(delivery => delivery.Status == "FAILURE"));
        Assert.Equal(isDelivered, Says("taking over a delivery that was never made"));

        bool Says(string text) => server.Output.Any(line => line.Contains(text, StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_finished_upload_can_be_delivered_again()
    {
        LayOut(_content, _content.Length, deferred: false);
        File.WriteAllText(Path.Combine(_folder.Uploads, $"{Id}.meta"), JsonSerializer.Serialize(Manifest()));
        Report("upload-completed");
        await using var server = await ServerProcess.StartAsync(_folder, Stop);

        using var queued = await server.Http.PostAsync(new Uri($"/route/{Id}", UriKind.Relative), new StringContent("""{"target":"edav"}"""), Stop);
        var answer = await queued.Content.ReadAsStringAsync(Stop);
        var info = await server.WaitForInfoAsync(Id, info => info.Succeeded("edav").Any(), TimeSpan.FromSeconds(30), Stop);

        Assert.Equal((200, Id), ((int)queued.StatusCode, answer));
        await Content.AssertDeliveredOnceAsync(_folder, "edav", Id, info, _content, Stop);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_unfinished_upload_cannot_be_delivered_again()
    {
        LayOut(_content.AsSpan(0, 5), size: 11, deferred: false);
        await using var server = await ServerProcess.StartAsync(_folder, Stop);

        using var refused = await server.Http.PostAsync(new Uri($"/route/{Id}", UriKind.Relative), new StringContent("""{"target":"edav"}"""), Stop);
        var answer = await refused.Content.ReadAsStringAsync(Stop);
        await FinishAsync(server, deferred: false);
        var info = await server.WaitForInfoAsync(Id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);

        Assert.Equal((404, "source file does not exist"), ((int)refused.StatusCode, answer));
        await Content.AssertDeliveredOnceAsync(_folder, "edav", Id, info, _content, Stop);
    }

    public void Dispose() => _folder.Dispose();

    private const string FileReady = """{"id":"","type":"FileReady","retry_count":0,"upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","src_url":"","path":"2025/06/05/dex-smoke-test_7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","deliver_target":"edav","Metadata":{"data_stream_id":"dextesting","dex_ingest_datetime":"2025-06-05T14:03:01.482913774Z"}}""";

    private static SortedDictionary<string, string> Manifest() => new(ServerManifest.For("dex-smoke-test"), StringComparer.Ordinal)
    {
        ["dex_ingest_datetime"] = IngestedAt,
        ["upload_id"] = Id,
    };

    private void LayOut(ReadOnlySpan<byte> bytes, long size, bool deferred)
    {
        Directory.CreateDirectory(_folder.Uploads);
        File.WriteAllBytes(Path.Combine(_folder.Uploads, Id), bytes);
        var info = $$$"""{"ID":"{{{Id}}}","Size":{{{size}}},"SizeIsDeferred":{{{(deferred ? "true" : "false")}}},"Offset":0,"MetaData":{{{JsonSerializer.Serialize(Manifest())}}},"IsPartial":false,"IsFinal":false,"PartialUploads":null,"Storage":{"Path":"uploads/tus-prefix/{{{Id}}}","Type":"filestore"}}""";
        File.WriteAllText(Path.Combine(_folder.Uploads, $"{Id}.info"), info);
    }

    private void Report(string action, string? content = null, string status = "SUCCESS")
    {
        Directory.CreateDirectory(_folder.Reports);
        content ??= $$"""{"content_schema_name":"{{action}}","content_schema_version":"1.0.0","status":"SUCCESS"}""";
        File.AppendAllText(
            Path.Combine(_folder.Reports, $"{Id}_{action}"),
            $$$"""{"report_schema_version":"1.0.0","upload_id":"{{{Id}}}","sender_id":"test sender","data_stream_id":"dextesting","data_stream_route":"testevent1","jurisdiction":"test-jurisdiction","dex_ingest_datetime":"{{{IngestedAt}}}","content_type":"application/json","disposition_type":"add","stage_info":{"service":"UPLOAD API","action":"{{{action}}}","version":"2.8.0_2e4c9f4","status":"{{{status}}}","issues":null,"start_processing_time":"2025-06-05T14:03:02.131002Z","end_processing_time":"2025-06-05T14:03:02.155410002Z"},"content":""" + content + "}\n");
    }

    private async Task FinishAsync(ServerProcess server, bool deferred)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, new Uri($"/files/{Id}", UriKind.Relative)) { Content = new ByteArrayContent(_content[5..]) };
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Offset", "5");
        if (deferred)
            request.Headers.Add("Upload-Length", "11");
        request.Content.Headers.Add("Content-Type", "application/offset+octet-stream");
        using var response = await server.Http.SendAsync(request, Stop);
        Assert.Equal(204, (int)response.StatusCode);
    }
}
