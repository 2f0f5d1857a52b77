using Dex.Tus.Receiving;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>The folder that uploads lie in: names, and small files that appear whole or not at all (spec: storage-layout.md 2, reliability.md C1).</summary>
internal sealed class UploadFolder(IOptions<UploadFolderOptions> place, IOptions<DurabilityOptions> durability)
{
    public const string RecordSuffix = ".info";
    public const string MetadataSuffix = ".meta";
    public const string ProgressSuffix = ".progress";
    private const string TemporarySuffix = ".tmp";
    private const long FlushTogetherBytes = 1 << 20;

    private readonly FlushGroup _flushes = new();

    private static readonly EnumerationOptions HiddenToo = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>As configured, in its shortest form.</summary>
    public string Path { get; } = LexicalPath.Clean($"{place.Value.BaseFolder}/{place.Value.Prefix}");

    public string BaseFolder { get; } = LexicalPath.Clean(place.Value.BaseFolder);

    /// <summary>Whether names and records are flushed when they change.</summary>
    public bool Flushes { get; } = durability.Value.Durability != UploadDurability.None;

    /// <summary>Whether data is flushed before every acknowledged offset.</summary>
    public bool FlushesEvery { get; } = durability.Value.Durability == UploadDurability.Every;

    /// <summary>A lower-case UUID. Nothing else ever becomes part of a path.</summary>
    public static bool IsId(ReadOnlySpan<char> id) =>
        id.Length == 36 && !id.ContainsAnyInRange('A', 'F') && Guid.TryParseExact(id, "D", out _);

    public string DataPath(string id) => $"{Path}/{id}";

    public string RecordPath(string id) => $"{Path}/{id}{RecordSuffix}";

    public string MetadataPath(string id) => $"{Path}/{id}{MetadataSuffix}";

    public string ProgressPath(string id) => $"{Path}/{id}{ProgressSuffix}";

    /// <summary>A name in the same folder that <see cref="IsTemporary"/> knows again after a kill.</summary>
    public string TemporaryPath(string id, string suffix = "") => $"{Path}/.{id}{suffix}.{Random.Shared.NextInt64():x16}{TemporarySuffix}";

    public static bool IsTemporary(ReadOnlySpan<char> name) =>
        name.Length > 37 && name[0] == '.' && name.EndsWith(TemporarySuffix, StringComparison.Ordinal) && IsId(name[1..37]);

    public void EnsureExists() => Posix.CreateFolder(Path, Flushes);

    /// <summary>Names in the folder; none if it does not exist yet.</summary>
    public IEnumerable<string> Names() =>
        Directory.Exists(Path) ? Directory.EnumerateFiles(Path).Select(path => System.IO.Path.GetFileName(path)) : [];

    /// <summary>Names in the base folder that bodies are staged under for a moment.</summary>
    public IEnumerable<string> StagedNames() => Directory.Exists(BaseFolder)
        ? Directory.EnumerateFiles(BaseFolder, "*" + StagedFiles.Suffix, HiddenToo).Select(path => System.IO.Path.GetFileName(path))
        : [];

    /// <summary>Makes creations, renames and removals in the folder durable, if the settings want it.</summary>
    public void Flush()
    {
        if (Flushes)
            Posix.FlushFolder(Path);
    }

    /// <inheritdoc cref="Flush"/>
    public Task FlushAsync() => Flushes ? _flushes.FlushFolderAsync(Path) : Task.CompletedTask;

    /// <summary>Makes a file's last bytes durable, if the settings want it.</summary>
    /// <param name="bytes">How many may not be so yet. Many would keep others waiting, and go alone.</param>
    public Task FlushDataAsync(SafeFileHandle file, string path, long bytes)
    {
        if (!Flushes)
            return Task.CompletedTask;
        return bytes <= FlushTogetherBytes ? _flushes.FlushDataAsync(file, path) : Task.Run(() => Posix.FlushData(file, path));
    }

    /// <summary>Puts a small file in place of the old one: a reader finds either, whole.</summary>
    /// <param name="after">Must have ended well before the new file is seen.</param>
    public async ValueTask ReplaceAsync(string id, string suffix, ReadOnlyMemory<byte> content, Task? after = null)
    {
        var path = $"{Path}/{id}{suffix}";
        var temporary = TemporaryPath(id, suffix);
        try
        {
            using (var file = Posix.CreateFile(temporary))
            {
                RandomAccess.Write(file, content.Span, 0);
                await FlushDataAsync(file, temporary, content.Length);
                Posix.Close(file, temporary);
            }

            if (after is not null)
                await after;
            Posix.Rename(temporary, path);
        }
        catch (IOException error)
        {
            Posix.Delete(temporary);
            throw Posix.Translate(error);
        }

        await FlushAsync();
    }
}
