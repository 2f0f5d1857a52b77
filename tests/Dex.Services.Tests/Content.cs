using System.Security.Cryptography;
using Dex.Testing;

namespace Dex.Services;

/// <summary>Content whose every byte is known: the same seed gives the same bytes.</summary>
internal static class Content
{
    public static byte[] Random(int length, int seed = 1)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    public static async Task<string> HashFileAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }

    /// <summary>Asserts that the target holds exactly one file for the upload, with this content and at the place that <c>/info</c> names.</summary>
    public static async Task AssertDeliveredOnceAsync(ServerFolder folder, string target, string uploadId, ServerInfo info, byte[] expected, CancellationToken cancellationToken)
    {
        var location = Assert.Single(info.Succeeded(target).Select(delivery => delivery.Location).Distinct());
        var file = Assert.Single(Directory.EnumerateFiles(folder.Target(target), $"*{uploadId}*", SearchOption.AllDirectories));
        Assert.Equal(Path.GetFullPath(folder.At(location)), Path.GetFullPath(file));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(expected)), await HashFileAsync(file, cancellationToken));
    }

    /// <summary>Names of everything below a folder, relative to it; none if there is no such folder.</summary>
    public static IReadOnlyList<string> List(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal)]
        : [];
}
