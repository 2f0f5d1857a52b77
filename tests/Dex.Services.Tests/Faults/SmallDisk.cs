using System.Globalization;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>A disk of a few mebibytes, mounted on a folder of the server under test: to be filled, write-protected or frozen.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string _folder;
    private readonly string? _image;
    private bool _frozen;

    private SmallDisk(string folder, string? image) => (_folder, _image) = (folder, image);

    private string Ballast => Path.Combine(_folder, "ballast");

    /// <summary>A disk in memory.</summary>
    public static async Task<SmallDisk> MountAsync(string folder, int mebibytes, CancellationToken cancellationToken)
    {
        Services.RequireRoot();
        Directory.CreateDirectory(folder);
        await RunAsync("mount", ["-t", "tmpfs", "-o", Size(mebibytes), "tmpfs", folder], cancellationToken);
        return new SmallDisk(folder, image: null);
    }

    /// <summary>A disk in a file, which can also be frozen.</summary>
    public static async Task<SmallDisk> MountImageAsync(string folder, int mebibytes, CancellationToken cancellationToken)
    {
        Services.RequireRoot();
        Directory.CreateDirectory(folder);
        var image = Path.GetTempFileName();
        await RunAsync("truncate", ["-s", $"{mebibytes}M", image], cancellationToken);
        await RunAsync("mkfs.ext4", ["-q", "-F", image], cancellationToken);
        await RunAsync("mount", ["-o", "loop", image, folder], cancellationToken);
        return new SmallDisk(folder, image);
    }

    /// <summary>Takes all space but so many bytes.</summary>
    public async Task FillAsync(CancellationToken cancellationToken, int except = 0)
    {
        await using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
                await file.WriteAsync(block, cancellationToken);
        }
        catch (IOException)
        {
            file.SetLength(file.Length - except);
        }
    }

    public void Free() => File.Delete(Ballast);

    public Task ResizeAsync(int mebibytes, CancellationToken cancellationToken) => RemountAsync(Size(mebibytes), cancellationToken);

    public Task ProtectAsync(CancellationToken cancellationToken) => RemountAsync("ro", cancellationToken);

    public Task UnprotectAsync(CancellationToken cancellationToken) => RemountAsync("rw", cancellationToken);

    /// <summary>From now on every write hangs.</summary>
    public async Task FreezeAsync(CancellationToken cancellationToken)
    {
        await RunAsync("fsfreeze", ["-f", _folder], cancellationToken);
        _frozen = true;
    }

    public async Task ThawAsync(CancellationToken cancellationToken)
    {
        await RunAsync("fsfreeze", ["-u", _folder], cancellationToken);
        _frozen = false;
    }

    public async ValueTask DisposeAsync()
    {
        // A process that hangs in a write cannot even be killed.
        if (_frozen)
            await ThawAsync(CancellationToken.None);
        await RunAsync("umount", ["-l", _folder], CancellationToken.None);
        if (_image is not null)
            File.Delete(_image);
    }

    private Task RemountAsync(string option, CancellationToken cancellationToken) => RunAsync("mount", ["-o", $"remount,{option}", _folder], cancellationToken);

    private static string Size(int mebibytes) => string.Create(CultureInfo.InvariantCulture, $"size={mebibytes}m");

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken) =>
        await ProcessRun.SucceedAsync(program, arguments, Limit, cancellationToken);
}
