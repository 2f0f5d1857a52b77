using System.Net;
using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Azure;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Uploads whose store resets, throttles, loses answers and stands still (spec: reliability.md 6).</summary>
public sealed class AzureUploadFaultTests : IClassFixture<AzureService>, IAsyncLifetime
{
    private const int Usual = AzureStoreRig.Usual;

    private readonly FaultProxy _proxy;
    private readonly AzureStoreRig _rig;
    private readonly AzureUploadStore _store;
    private readonly byte[] _bytes = Bodies.Random((3 * Usual) + 1000);

    public AzureUploadFaultTests(AzureService service)
    {
        _proxy = service.NewProxy();
        _rig = new AzureStoreRig(service, _proxy.Address);
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
    [InlineData(FaultKind.ResetBeforeRequest, "PUT", "blockid")]
    [InlineData(FaultKind.ResetInRequest, "PUT", "blockid")]
    [InlineData(FaultKind.ResetAfterRequest, "PUT", "blockid")]
    [InlineData(FaultKind.AnswerAfterRequest, "PUT", "blockid")]
    [InlineData(FaultKind.Hang, "PUT", "blockid")]
    [InlineData(FaultKind.ResetBeforeRequest, "PUT", null)]
    [InlineData(FaultKind.ResetAfterRequest, "PUT", null)]
    [InlineData(FaultKind.AnswerAfterRequest, "PUT", null)]
    [InlineData(FaultKind.Answer, "PUT", null)]
    [InlineData(FaultKind.ResetInAnswer, "GET", null)]
    [InlineData(FaultKind.TruncateAnswer, "GET", null)]
    [InlineData(FaultKind.ResetInAnswer, "GET", "blocklisttype")]
    [InlineData(FaultKind.TruncateAnswer, "GET", "blocklisttype")]
    [InlineData(FaultKind.ResetAfterRequest, "DELETE", null)]
    [Rule("SA5", "SA7")]
    public async Task SA5_SA7_what_may_pass_passes_and_the_bytes_are_those_that_were_sent(FaultKind fault, string method, string? key)
    {
        _proxy.Add(new FaultRule(fault) { Method = method, QueryKey = key, NoQueryKey = key is null ? "blockid" : null, Times = 2, AfterBytes = 20 });

        var upload = await AppendAsync(await CreateAsync(), _bytes[..(Usual + 500)]);
        upload = await AppendAsync(await FindAsync(upload.Id), _bytes[(Usual + 500)..]);
        await _store.FinishAsync(upload, Stop);

        Assert.Equal(_bytes, await _rig.ReadAsync(upload.Id));
        Assert.Equal([upload.Id, $"{upload.Id}.info"], await _rig.NamesAsync());
    }

    [Theory]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Answer)]
    [Rule("SA5")]
    public async Task SA5_a_commit_whose_answer_was_lost_is_repeated(FaultKind fault)
    {
        var upload = await AppendAsync(await CreateAsync(), _bytes);
        _proxy.Add(new FaultRule(fault) { Method = "PUT", QueryKey = "comp", Times = 2 });

        await _store.FinishAsync(upload, Stop);

        Assert.Equal(_bytes, await _rig.ReadAsync(upload.Id));
    }

    [Fact]
    public async Task A_commit_that_fails_for_good_is_done_by_the_next_request()
    {
        var upload = await AppendAsync(await CreateAsync(), _bytes);
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = Refusal });

        await Assert.ThrowsAnyAsync<IOException>(() => _store.FinishAsync(upload, Stop).AsTask());
        _proxy.Heal();
        var found = await FindAsync(upload.Id);
        await _store.FinishAsync(found, Stop);

        Assert.True(found.IsComplete);
        Assert.Equal(_bytes, await _rig.ReadAsync(upload.Id));
    }

    [Fact]
    public async Task Throttling_slows_an_upload_down_and_does_not_fail_it()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { QueryKey = "blockid", Times = 5, CannedAnswer = new CannedAnswer(HttpStatusCode.ServiceUnavailable, "<Error><Code>ServerBusy</Code></Error>") });

        var upload = await AppendAsync(await CreateAsync(), _bytes);
        await _store.FinishAsync(upload, Stop);

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
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", QueryKey = "blockid", Skip = failing - 1, Times = 1, CannedAnswer = Refusal });

        await Assert.ThrowsAnyAsync<IOException>(() => AppendAsync(upload, _bytes[100..]));
        var found = await FindAsync(upload.Id);

        // Other bytes than those that may lie beyond the gap would show if these counted.
        var rest = Bodies.Random(_bytes.Length - (int)found.Offset, seed: 99);
        await _store.FinishAsync(await AppendAsync(found, rest), Stop);

        Assert.InRange(found.Offset, 100, _bytes.Length - 1);
        Assert.Equal(_bytes[..(int)found.Offset].Concat(rest), await _rig.ReadAsync(upload.Id));
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
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = Refusal });

        await Assert.ThrowsAnyAsync<IOException>(() => CreateAsync());

        Assert.Empty(await _rig.NamesAsync());
    }

    [Fact]
    public async Task A_store_that_may_not_read_itself_by_its_address_gets_the_bytes_sent()
    {
        var part = await _store.CreateAsync(
            new NewUpload { Id = Guid.NewGuid().ToString(), Length = _bytes.Length, Metadata = UploadMetadata.Empty, Kind = UploadKind.Partial }, Stop);
        part = await _store.FinishAsync(await AppendAsync(part, _bytes), Stop);
        var refusal = new CannedAnswer(HttpStatusCode.Forbidden, "<Error><Code>CannotVerifyCopySource</Code></Error>") { Headers = ["x-ms-error-code: CannotVerifyCopySource"] };
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", QueryKey = "blockid", Times = 1, CannedAnswer = refusal });

        var final = await _store.ConcatenateAsync(
            new NewUpload { Id = Guid.NewGuid().ToString(), Length = 2 * _bytes.Length, Metadata = UploadMetadata.Empty, Kind = UploadKind.Final, Parts = [part.Id, part.Id] }, [part, part], Stop);

        Assert.Equal(_bytes.Concat(_bytes), await _rig.ReadAsync(final.Id));
    }

    private static CannedAnswer Refusal => new(HttpStatusCode.Forbidden, "<Error><Code>AuthorizationFailure</Code></Error>");

    private async Task<Upload> CreateAsync() => await _store.CreateAsync(
        new NewUpload { Id = Guid.NewGuid().ToString(), Length = _bytes.Length, Metadata = UploadMetadata.Empty }, Stop);

    // As a server that has just started finds it, and as this one does.
    private async Task<Upload> FindAsync(string id)
    {
        var fresh = await _rig.Open().FindAsync(id, Stop);
        var found = await _store.FindAsync(id, Stop);
        Assert.NotNull(found);
        Assert.Equal(fresh?.Offset, found.Offset);
        return found;
    }

    private async Task<Upload> AppendAsync(Upload upload, byte[] bytes)
    {
        using var body = await Bodies.OfAsync(upload.Length!.Value - upload.Offset, bytes);
        return await _store.AppendAsync(upload, body, Stop);
    }
}
