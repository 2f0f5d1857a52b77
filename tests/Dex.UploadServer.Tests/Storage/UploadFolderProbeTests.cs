using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.FileSystem;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>http-api.md 6, as monitoring compares it.</summary>
public sealed class UploadFolderProbeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dex-probe-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_folder_is_well()
    {
        var probe = ProbeOf(_folder);

        Assert.Null(await probe.CheckAsync(Stop));
        Assert.Equal(("File Storage", "None reported"), (probe.Service, probe.HealthyIssue));
    }

    [Fact]
    public async Task A_file_in_its_place_is_no_folder()
    {
        await File.WriteAllTextAsync(_folder + "/file", "", Stop);

        Assert.Equal($"{_folder}/file is not a directory", await ProbeOf(_folder + "/file").CheckAsync(Stop));
    }

    [Fact]
    public async Task A_folder_that_has_gone_is_missed() =>
        Assert.Equal($"stat {_folder}/gone: no such file or directory", await ProbeOf(_folder + "/gone").CheckAsync(Stop));

    private static UploadFolderProbe ProbeOf(string path) => new(Options.Create(new UploadFolderOptions { BaseFolder = path }));
}
