using System.Net;
using System.Text.RegularExpressions;
using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Uploads whose store resets, throttles, loses answers and lies (spec: reliability.md 6).</summary>
public sealed partial class S3UploadFaultTests : IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private const int Least = (int)S3StoreRig.Least;

    private readonly FaultProxy _proxy;
    private readonly S3StoreRig _rig;
    private readonly S3UploadStore _store;
    private readonly byte[] _bytes = Bodies.Random((3 * Least) + 1000);

    public S3UploadFaultTests(ObjectStoreService service)
    {
        _proxy = service.NewProxy();
        _rig = new S3StoreRig(service, _proxy.Address);
        _store = _rig.Open();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _rig.Dispose();
        return _proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(FaultKind.ResetBeforeRequest, "PUT", "partNumber")]
    [InlineData(FaultKind.ResetInRequest, "PUT", "partNumber")]
    [InlineData(FaultKind.ResetAfterRequest, "PUT", "partNumber")]
    [InlineData(FaultKind.AnswerAfterRequest, "PUT", "partNumber")]
    [InlineData(FaultKind.ResetAfterRequest, "PUT", null)]
    [InlineData(FaultKind.AnswerAfterRequest, "PUT", null)]
    [InlineData(FaultKind.ResetAfterRequest, "POST", "uploadId")]
    [InlineData(FaultKind.AnswerAfterRequest, "POST", "uploadId")]
    [InlineData(FaultKind.Answer, "POST", "uploadId")]
    [InlineData(FaultKind.ResetAfterRequest, "POST", "uploads")]
    [InlineData(FaultKind.ResetInAnswer, "GET", null)]
    [InlineData(FaultKind.TruncateAnswer, "GET", null)]
    [InlineData(FaultKind.TruncateAnswer, "DELETE", null)]
    [Rule("S37")]
    public async Task S37_what_may_pass_passes_and_the_bytes_are_those_that_were_sent(FaultKind fault, string method, string? key)
    {
        _proxy.Add(new FaultRule(fault) { Method = method, QueryKey = key, NoQueryKey = key is null ? "uploadId" : null, Times = 2, AfterBytes = 20 });

        var upload = await AppendAsync(await CreateAsync(), _bytes[..(Least + 500)]);
        upload = await AppendAsync(await FindAsync(upload.Id), _bytes[(Least + 500)..]);
        await _store.FinishAsync(upload, Stop);

        Assert.Equal(_bytes, await _rig.ReadAsync(upload.Id));
        Assert.DoesNotContain($"{upload.Id}.part", (await _rig.ObjectsAsync()).Keys);
        Assert.DoesNotContain(await _rig.MultipartUploadsAsync(), open => open.Id == MultipartOf(upload));
    }

    [Fact]
    public async Task Throttling_slows_an_upload_down_and_does_not_fail_it()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { QueryKey = "partNumber", Times = 5, CannedAnswer = CannedAnswer.SlowDown });

        var upload = await AppendAsync(await CreateAsync(), _bytes);
        await _store.FinishAsync(upload, Stop);

        Assert.Equal(_bytes, await _rig.ReadAsync(upload.Id));
    }

    [Fact]
    [Rule("S37")]
    public async Task S37_a_completion_that_fails_with_status_200_is_no_completion()
    {
        var lie = new CannedAnswer(HttpStatusCode.OK, CannedAnswer.OfS3(HttpStatusCode.OK, "InternalError").Body);
        var rule = new FaultRule(FaultKind.Answer) { Method = "POST", QueryKey = "uploadId", CannedAnswer = lie };
        _proxy.Add(rule);
        var upload = await AppendAsync(await CreateAsync(), _bytes);

        await Assert.ThrowsAnyAsync<IOException>(() => _store.FinishAsync(upload, Stop).AsTask());
        var found = await FindAsync(upload.Id);
        _proxy.Heal();
        await _store.FinishAsync(found, Stop);

        Assert.True(found.IsComplete);
        Assert.Equal(_bytes, await _rig.ReadAsync(upload.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Rule("ST5", "S36")]
    public async Task ST5_S36_an_append_that_fails_keeps_what_is_stored_without_a_gap_and_is_resumed(int failing)
    {
        var upload = await AppendAsync(await CreateAsync(), _bytes[..100]);
        _proxy.Add(new FaultRule(FaultKind.Answer)
        {
            Method = "PUT",
            QueryKey = "partNumber",
            Skip = failing - 1,
            Times = 1,
            CannedAnswer = CannedAnswer.OfS3(HttpStatusCode.Forbidden, "AccessDenied"),
        });

        await Assert.ThrowsAnyAsync<IOException>(() => AppendAsync(upload, _bytes[100..]));
        var found = await FindAsync(upload.Id);
        await _store.FinishAsync(await AppendAsync(found, _bytes[(int)found.Offset..]), Stop);

        Assert.InRange(found.Offset, 100, _bytes.Length - 1);
        Assert.Equal(_bytes, await _rig.ReadAsync(upload.Id));
    }

    [Fact]
    [Rule("S34")]
    public async Task S34_the_old_tail_counts_until_another_object_has_its_bytes()
    {
        var upload = await AppendAsync(await CreateAsync(), _bytes[..700]);
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = CannedAnswer.OfS3(HttpStatusCode.Forbidden, "AccessDenied") });

        await Assert.ThrowsAnyAsync<IOException>(() => AppendAsync(upload, _bytes[700..900]));
        await Assert.ThrowsAnyAsync<IOException>(async () => await AppendAsync(await FindAsync(upload.Id), _bytes[700..]));
        _proxy.Heal();

        Assert.Equal(700, (await FindAsync(upload.Id)).Offset);
        Assert.DoesNotContain(_proxy.Seen, request => request.Is("DELETE", TailPath(), null));
    }

    [Fact]
    public async Task A_store_that_fails_is_never_taken_for_an_upload_that_is_not_there()
    {
        var upload = await CreateAsync();
        _proxy.Add(new FaultRule(FaultKind.Answer) { CannedAnswer = CannedAnswer.InternalError });

        await Assert.ThrowsAnyAsync<IOException>(() => _store.FindAsync(upload.Id, Stop).AsTask());
        await Assert.ThrowsAnyAsync<IOException>(() => _rig.Open().FindAsync(upload.Id, Stop).AsTask());
    }

    [Fact]
    public async Task A_creation_whose_record_cannot_be_written_leaves_nothing()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = CannedAnswer.OfS3(HttpStatusCode.Forbidden, "AccessDenied") });

        await Assert.ThrowsAnyAsync<IOException>(() => CreateAsync());

        Assert.Empty(await _rig.ObjectsAsync());
        Assert.Empty(await _rig.MultipartUploadsAsync());
    }

    [Fact]
    public async Task A_known_upload_is_looked_at_without_listing_its_parts_again()
    {
        var upload = await AppendAsync(await CreateAsync(), _bytes[..(Least + 10)]);
        var before = _proxy.Seen.Count;

        var found = await _store.FindAsync(upload.Id, Stop);

        Assert.Equal(upload.Offset, found?.Offset);
        Assert.Equal(2, _proxy.Seen.Count - before);
    }

    private static string MultipartOf(Upload upload) => S3LongId.MultipartIdOf((StoredUpload)upload.StoreState!);

    private async Task<Upload> CreateAsync() => await _store.CreateAsync(
        new NewUpload { Id = Guid.NewGuid().ToString(), Length = _bytes.Length, Metadata = UploadMetadata.Empty }, Stop);

    private async Task<Upload> FindAsync(string id)
    {
        var found = await _rig.Open().FindAsync(id, Stop);
        Assert.NotNull(found);
        return (await _store.FindAsync(id, Stop))! with { Offset = found.Offset };
    }

    private async Task<Upload> AppendAsync(Upload upload, byte[] bytes)
    {
        using var body = await Bodies.OfAsync(upload.Length!.Value - upload.Offset, bytes);
        return await _store.AppendAsync(upload, body, Stop);
    }

    [GeneratedRegex(@"\.part$")]
    private static partial Regex TailPath();
}
