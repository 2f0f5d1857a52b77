using System.Diagnostics;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Tests.Messaging;

public sealed class FileSinkTests : IAsyncDisposable
{
    private readonly MessagingFixture _messaging = new();
    private readonly FileSink _sink;

    public FileSinkTests() => _sink = new FileSink(_messaging.Files, EventTransport.Local);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e1/")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e1\0")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11/../../../../../../../../x")]
    [InlineData("..............................................")]
    public async Task An_id_that_could_lead_out_of_the_folder_is_refused(string uploadId)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await _sink.SendAsync(MessagingFixture.Report(uploadId, "a", "1"), false, Stop));

        Assert.False(Directory.Exists(Path.Combine(_messaging.Folder, "reports")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData("a/b")]
    public async Task A_type_that_could_lead_out_of_the_folder_is_refused(string type) =>
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await _sink.SendAsync(MessagingFixture.Report(MessagingFixture.NewId(), type, "1"), false, Stop));

    [Fact]
    public async Task Files_and_folders_have_the_modes_that_readers_know()
    {
        var uploadId = MessagingFixture.NewId();

        await _sink.SendAsync(MessagingFixture.Report(uploadId, "a", "1"), false, Stop);

#pragma warning disable CA1416 // The server runs on Linux.
        Assert.Equal("750", Mode(File.GetUnixFileMode(Path.Combine(_messaging.Folder, "reports"))));
        Assert.Equal("644", Mode(File.GetUnixFileMode(_messaging.Files.PathOf(MessageKind.Report, uploadId, "a"))));
#pragma warning restore CA1416
    }

    [Fact]
    public async Task Many_writers_to_one_file_never_mix_their_lines()
    {
        var uploadId = MessagingFixture.NewId();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
                await _sink.SendAsync(MessagingFixture.Report(uploadId, "a", new string((char)('a' + writer), 1000 + i)), false, Stop);
        }, Stop)));

        // A writer may take another's half-written line for a torn one and close it with a line feed: an empty line, which readers skip.
        var lines = _messaging.LinesOf(uploadId, "a").Where(line => line.Length > 0).ToList();
        Assert.Equal(800, lines.Count);
        Assert.All(lines, line => Assert.Single(line.Distinct()));
    }

    [Fact]
    public async Task A_line_left_torn_by_another_does_not_spoil_ours()
    {
        var uploadId = MessagingFixture.NewId();
        Directory.CreateDirectory(Path.Combine(_messaging.Folder, "reports"));
        await File.WriteAllTextAsync(_messaging.Files.PathOf(MessageKind.Report, uploadId, "a"), "{\"torn\":", Stop);

        await _sink.SendAsync(MessagingFixture.Report(uploadId, "a", "{}"), false, Stop);

        Assert.Equal(["{\"torn\":", "{}"], _messaging.LinesOf(uploadId, "a"));
    }

    [Fact]
    public async Task On_a_full_disk_a_line_is_written_whole_or_not_at_all()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "a small file system can only be mounted by root");
        var disk = Path.Combine(_messaging.Folder, "reports");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk) == 0, "mounting is not allowed here");
        try
        {
            var uploadId = MessagingFixture.NewId();
            var json = new string('x', 1500);

            IOException? refusal = null;
            for (var i = 0; i < 100 && refusal is null; i++)
                refusal = await Record.ExceptionAsync(async () => await _sink.SendAsync(MessagingFixture.Report(uploadId, "a", json), false, Stop)) as IOException;

            Assert.Equal(28, refusal?.HResult);
            Assert.All(_messaging.LinesOf(uploadId, "a"), line => Assert.Equal(1500, line.Length));
        }
        finally
        {
            await RunAsync("umount", disk);
        }
    }

    public ValueTask DisposeAsync() => _messaging.DisposeAsync();

    private static string Mode(UnixFileMode mode) => Convert.ToString((int)mode, 8);

    private static async Task<int> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
        return process.ExitCode;
    }
}
