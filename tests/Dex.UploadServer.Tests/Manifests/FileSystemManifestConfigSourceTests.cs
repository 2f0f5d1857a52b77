using Dex.UploadServer.Manifests;
using Dex.UploadServer.Storage.FileSystem;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Manifests;

public sealed class FileSystemManifestConfigSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dex-configs-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private FileSystemManifestConfigSource Source => new(Options.Create(new ManifestOptions { Folder = Path.Combine(_folder, "configs") }));

    public FileSystemManifestConfigSourceTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "configs"));
        File.WriteAllText(Path.Combine(_folder, "configs", "a_b.json"), "{}");
        File.WriteAllText(Path.Combine(_folder, "outside.json"), "{}");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_is_loaded() => Assert.Equal("{}"u8.ToArray(), await Source.LoadAsync("a_b.json", Stop));

    [Theory]
    [InlineData("b_c.json")]
    [InlineData("../outside.json")]
    [InlineData("..")]
    [InlineData("/etc/hostname")]
    [InlineData("a_b.json\0")]
    [InlineData("a_b.json/x")]
    public async Task What_is_not_a_plain_file_of_the_folder_is_not_found(string name) => Assert.Null(await Source.LoadAsync(name, Stop));

    [Fact]
    public async Task A_missing_folder_is_not_found()
    {
        Directory.Delete(Path.Combine(_folder, "configs"), recursive: true);

        Assert.Null(await Source.LoadAsync("a_b.json", Stop));
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_an_error_and_not_missing()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "configs", "folder.json"));

        await Assert.ThrowsAnyAsync<UnauthorizedAccessException>(async () => await Source.LoadAsync("folder.json", Stop));
    }

    [Fact]
    public async Task A_huge_file_is_refused_before_it_is_read()
    {
        await using (var huge = File.Create(Path.Combine(_folder, "configs", "huge.json")))
            huge.SetLength(2L * 1024 * 1024);

        await Assert.ThrowsAsync<InvalidDataException>(async () => await Source.LoadAsync("huge.json", Stop));
    }
}
