using System.Diagnostics.Metrics;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.FileSystem;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>A base folder of its own, and stores over it as servers that start one after the other would have them.</summary>
internal sealed class FileStoreFolder : IDisposable
{
    private readonly bool _owned;

    public FileStoreFolder(string? baseFolder = null)
    {
        _owned = baseFolder is null;
        Base = baseFolder ?? Directory.CreateTempSubdirectory("dex-store-").FullName;
    }

    public string Base { get; }

    public string Uploads => Base + "/tus-prefix";

    /// <summary>The present run of the machine.</summary>
    public BootIdentity Boot { get; set; } = new(Guid.NewGuid());

    public UploadDurability Durability { get; set; } = UploadDurability.Final;

    public long FreeSpaceReserve { get; set; }

    public UploadFolder Folder => FolderAt(Base, Durability);

    public FileSystemUploadStore Open() => new(Folder, SpaceAt(Base, FreeSpaceReserve), Boot, TimeProvider.System);

    public static UploadFolder FolderAt(string baseFolder, UploadDurability durability = UploadDurability.Final) => new(
        Options.Create(new UploadFolderOptions { BaseFolder = baseFolder }), Options.Create(new DurabilityOptions { Durability = durability }));

    public static FreeSpace SpaceAt(string baseFolder, long reserve = 0) => new(
        Options.Create(new UploadFolderOptions { BaseFolder = baseFolder, FreeSpaceReserve = reserve }),
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    public void LosePower() => Boot = new BootIdentity(Guid.NewGuid());

    public string PathOf(string uploadId, string suffix = "") => $"{Uploads}/{uploadId}{suffix}";

    /// <summary>Names that lie in the folder of the uploads.</summary>
    public string[] Names() => [.. Directory.GetFiles(Uploads).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>An unfinished upload as the predecessor leaves it.</summary>
    public string WritePredecessors(string data, string size, bool deferred = false, string metadata = """{"a":"1"}""", string? storage = null)
    {
        var id = Guid.NewGuid().ToString();
        Directory.CreateDirectory(Uploads);
        File.WriteAllText(PathOf(id), data);
        storage ??= $$""","Storage":{"InfoPath":"{{PathOf(id, ".info")}}","Path":"{{PathOf(id)}}","Type":"filestore"}""";
        File.WriteAllText(PathOf(id, ".info"), $$"""{"ID":"{{id}}","Size":{{size}},"SizeIsDeferred":{{(deferred ? "true" : "false")}},"Offset":0,"MetaData":{{metadata}},"IsPartial":false,"IsFinal":false,"PartialUploads":null{{storage}}}""");
        return id;
    }

    public void Dispose()
    {
        if (_owned)
            Directory.Delete(Base, recursive: true);
    }
}
