using Dex.Tus;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Hosting.ReceiveMemory;
using Dex.UploadServer.Storage.FileSystem;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.Bench.Hosts;

/// <summary>The engine over the file store, at durability <c>none</c>, for a host that accepts everything and hears nothing: what of the server's cost is the protocol's.</summary>
internal static class EngineHost
{
    public static WebApplication Build(string folder)
    {
        var builder = BareKestrel.CreateBuilder(listener => listener.UseHalfClose());
        builder.Services.AddOptions<ReceiveMemoryOptions>();
        builder.Services.AddSingleton<ReceiveBlocks>();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ReceiveBlockPoolFactory>(); // after Kestrel's own: the last one counts

        builder.Services.Configure<UploadFolderOptions>(options => (options.BaseFolder, options.Prefix) = (folder, ""));
        builder.Services.Configure<DurabilityOptions>(options => options.Durability = UploadDurability.None);
        builder.AddFileSystemUploads();
        builder.Services.AddTus();
        builder.Services.AddSingleton<IUploadLifecycle, AcceptEverything>();

        var app = builder.Build();
        app.UseTus();
        return app;
    }

    private sealed class AcceptEverything : IUploadLifecycle
    {
        public ValueTask<CreationDecision> CreatingAsync(CreationRequest request, CancellationToken cancellationToken) =>
            new(CreationDecision.Accept(Guid.NewGuid().ToString(), request.Metadata));

        public ValueTask CreatedAsync(Upload upload, object? state, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask NotCreatedAsync(object? state, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Receiving(Upload upload)
        {
        }

        public ValueTask ReceivedAsync(Upload upload, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<bool> FinishingAsync(Upload upload, CancellationToken cancellationToken) => new(true);

        public void Unsettled(Upload upload)
        {
        }

        public ValueTask TerminatedAsync(Upload upload, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<bool> HasExpiredAsync(string uploadId, CancellationToken cancellationToken) => new(false);
    }
}
