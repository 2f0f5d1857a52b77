using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Dex.UploadServer.Storage.FileSystem;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Win32.SafeHandles;

namespace Dex.Bench.Hosts;

/// <summary>The ceiling: a bare Kestrel that answers like a tus server and keeps bodies in files, or drops them. No locks, no checks, no record that it reads again.</summary>
internal sealed partial class SinkHost
{
    private const int KeepSize = 1;

    private readonly string _folder;
    private readonly bool _stores;

    private SinkHost(string folder, bool stores) => (_folder, _stores) = (folder, stores);

    /// <param name="stores">Whether bytes are written; if not, they are received and dropped.</param>
    public static WebApplication Build(string folder, bool stores)
    {
        var sink = new SinkHost(folder, stores);
        var builder = BareKestrel.CreateBuilder(_ => { });
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPoolFactory>(); // after Kestrel's own: the last one counts
        var app = builder.Build();
        app.Run(sink.HandleAsync);
        return app;
    }

    private Task HandleAsync(HttpContext http) => http.Request.Method switch
    {
        "POST" => CreateAsync(http),
        "PATCH" => AppendAsync(http),
        "HEAD" => TellOffset(http),
        _ => Answer(http, StatusCodes.Status204NoContent),
    };

    private async Task CreateAsync(HttpContext http)
    {
        var id = Guid.NewGuid().ToString();
        if (_stores)
            WriteRecord(id, http.Request.Headers["Upload-Metadata"].ToString());
        if (http.Request.ContentLength > 0)
            await ReceiveAsync(http, id, 0);
        http.Response.Headers.Location = "/files/" + id;
        await Answer(http, StatusCodes.Status201Created);
    }

    private async Task AppendAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        var offset = long.Parse(http.Request.Headers["Upload-Offset"].ToString(), CultureInfo.InvariantCulture);
        offset = await ReceiveAsync(http, path[(path.LastIndexOf('/') + 1)..], offset);
        TellOffset(http, offset);
        await Answer(http, StatusCodes.Status204NoContent);
    }

    private Task TellOffset(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        TellOffset(http, Posix.Stat(PathOf(path[(path.LastIndexOf('/') + 1)..]))?.Size ?? 0);
        return Answer(http, StatusCodes.Status200OK);
    }

    private async Task<long> ReceiveAsync(HttpContext http, string id, long offset)
    {
        using var file = _stores ? Posix.OpenOrCreate(PathOf(id)) : null;
        if (file is not null && http.Request.ContentLength > LargeBlockPool.BlockBytes)
            _ = Native.Allocate(file, KeepSize, offset, http.Request.ContentLength.Value);

        var body = http.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync();
            if (file is not null)
                Write(file, read.Buffer, offset);
            offset += read.Buffer.Length;
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return offset;
        }
    }

    private static void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset)
    {
        foreach (var segment in bytes)
        {
            RandomAccess.Write(file, segment.Span, offset);
            offset += segment.Length;
        }
    }

    private void WriteRecord(string id, string metadata)
    {
        using var record = Posix.CreateFile(PathOf(id + ".info"));
        RandomAccess.Write(record, Encoding.ASCII.GetBytes(metadata), 0);
    }

    private string PathOf(string name) => $"{_folder}/{name}";

    private static void TellOffset(HttpContext http, long offset) =>
        http.Response.Headers["Upload-Offset"] = offset.ToString(CultureInfo.InvariantCulture);

    private static Task Answer(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        if (status == StatusCodes.Status201Created)
            http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "fallocate")]
        public static partial int Allocate(SafeFileHandle file, int mode, long offset, long bytes);
    }
}
