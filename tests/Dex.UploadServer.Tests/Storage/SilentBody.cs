using System.IO.Pipelines;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>A request whose client sends some bytes and then says nothing.</summary>
internal sealed class SilentBody : IDisposable
{
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly Upload _upload;

    public SilentBody(Upload upload)
    {
        _upload = upload;
        Body = new IncomingBody(_pipe.Reader, long.MaxValue - upload.Offset, null, TimeSpan.FromSeconds(60), TimeProvider.System);
    }

    public IncomingBody Body { get; }

    public async Task<Upload> AppendToAsync(IUploadStore store, byte[] bytes)
    {
        await SendAsync(bytes);
        return await store.AppendAsync(_upload, Body, TestContext.Current.CancellationToken);
    }

    public async Task SendAsync(byte[] bytes) => await _pipe.Writer.WriteAsync(bytes, TestContext.Current.CancellationToken);

    public void Dispose() => Body.Dispose();
}
