using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.Tus.Tests.Protocol;

/// <summary>A store that can do little: what it cannot do is neither announced nor half done (spec: tus.md O2, CC10, 12).</summary>
public sealed class StoreAbilityTests : IAsyncLifetime
{
    private readonly TusServer _server = new(_ => { }, store => new PlainStore(store));

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    [Rule("O2")]
    public async Task Only_what_is_on_is_announced()
    {
        var answer = await _server.TusAsync("OPTIONS", "/files");

        Assert.Equal("creation,creation-with-upload,checksum,checksum-trailer", answer.Header("Tus-Extension"));
    }

    [Theory]
    [InlineData("partial")]
    [InlineData("final;/files/00000000-0000-4000-8000-000000000000")]
    [Rule("CC10")]
    public async Task A_store_that_cannot_join_refuses_parts_and_finals(string concat)
    {
        var answer = await _server.TusAsync("POST", "/files", "", "Upload-Length: 5", $"Upload-Concat: {concat}");

        Assert.Equal((400, "ERR_CONCATENATION_UNSUPPORTED: Upload-Concat header is not supported by server\n"), (answer.Status, answer.Body));
        Assert.Equal(0, _server.Store.Count);
    }

    [Fact]
    [Rule("O2")]
    public async Task A_store_that_cannot_wait_for_a_length_or_delete_says_501()
    {
        var deferred = await _server.TusAsync("POST", "/files", "", "Upload-Defer-Length: 1");
        var deleted = await _server.TusAsync("DELETE", $"/files/{await _server.CreateAsync(5)}");

        Assert.Equal((501, "ERR_NOT_IMPLEMENTED: feature not implemented\n"), (deferred.Status, deferred.Body));
        Assert.Equal(501, deleted.Status);
    }

    private sealed class PlainStore(MemoryUploadStore store) : IUploadStore
    {
        public ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken) => store.CreateAsync(upload, cancellationToken);

        public ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken) => store.FindAsync(uploadId, cancellationToken);

        public ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken) => store.AppendAsync(upload, content, cancellationToken);

        public ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken) => store.FinishAsync(upload, cancellationToken);
    }
}
