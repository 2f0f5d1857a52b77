using System.Diagnostics;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Ledger.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Ledger;

/// <summary>The contract on SQLite, and what only a file can suffer.</summary>
public sealed class SqliteLedgerTests : LedgerContract, IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"ledger-{Guid.NewGuid():N}");
    private readonly SqliteLedger _ledger;

    public SqliteLedgerTests()
    {
        SQLitePCL.Batteries_V2.Init();
        _ledger = Open(File("ledger.db"));
    }

    private protected override ILedger Ledger => _ledger;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_taken_as_a_kill_would_leave_it_holds_all_that_was_acknowledged()
    {
        var uploadId = LedgerSamples.NewId();
        await _ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        await _ledger.ClaimDeliveriesAsync("edav", 1, "killed", TimeSpan.FromHours(1), Stop);

        System.IO.File.Copy(File("ledger.db"), File("copy.db"));
        System.IO.File.Copy(File("ledger.db-wal"), File("copy.db-wal"));
        using var copy = Open(File("copy.db"));

        Assert.NotNull((await copy.FindUploadAsync(uploadId, Stop))!.CompletedAt);
        Assert.Single(await copy.ReadOutboxAsync(0, 10, Stop));
        Assert.Equal(1, await copy.ReclaimDeliveriesAsync(all: true, Stop));
        Assert.Single(await copy.ClaimDeliveriesAsync("edav", 1, "next", TimeSpan.FromHours(1), Stop));
    }

    [Fact]
    public async Task A_log_cut_in_the_middle_costs_the_last_changes_and_never_half_of_one()
    {
        for (var i = 0; i < 20; i++)
            await _ledger.CompleteUploadAsync(LedgerSamples.Completion(LedgerSamples.NewId(), new NewDelivery("edav", "edav", "a")), Stop);

        System.IO.File.Copy(File("ledger.db"), File("copy.db"));
        var log = await System.IO.File.ReadAllBytesAsync(File("ledger.db-wal"), Stop);
        await System.IO.File.WriteAllBytesAsync(File("copy.db-wal"), log[..(log.Length * 2 / 3)], Stop);
        using var copy = Open(File("copy.db"));

        var messages = (await copy.ReadOutboxAsync(0, 100, Stop)).Count;
        Assert.InRange(messages, 1, 19);
        Assert.Equal(messages, (await copy.ReadQueueAsync(Stop)).Waiting);
    }

    [Fact]
    public async Task What_was_closed_is_there_when_opened_again_in_one_file()
    {
        var uploadId = LedgerSamples.NewId();
        await _ledger.RecordCreationAsync(LedgerSamples.Upload(uploadId), [LedgerSamples.Message(uploadId, "one")], Stop);
        _ledger.ForgetMessages(1);

        _ledger.Dispose();

        Assert.False(System.IO.File.Exists(File("ledger.db-wal")));
        using var again = Open(File("ledger.db"));
        Assert.NotNull(await again.FindUploadAsync(uploadId, Stop));
        Assert.Empty(await again.ReadOutboxAsync(0, 10, Stop));
    }

    [Fact]
    public async Task A_closed_ledger_refuses_changes()
    {
        _ledger.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => _ledger.RecordCreationAsync(LedgerSamples.Upload(LedgerSamples.NewId()), [], Stop));
    }

    [Fact]
    public async Task Two_processes_on_one_file_wait_for_each_other()
    {
        using var other = Open(File("ledger.db"), UploadDurability.Final);

        await Task.WhenAll(new[] { _ledger, other }.Select(ledger => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                var uploadId = LedgerSamples.NewId();
                await ledger.RecordCreationAsync(LedgerSamples.Upload(uploadId), [LedgerSamples.Message(uploadId, "one")], Stop);
            }
        }, Stop)));

        Assert.Equal(100, (await other.ListUnfinishedAsync(Stop)).Count);
        Assert.Equal(100, (await _ledger.ReadOutboxAsync(0, 1000, Stop)).Count);
    }

    [Fact]
    public async Task An_empty_file_becomes_a_ledger()
    {
        await System.IO.File.WriteAllBytesAsync(File("empty.db"), [], Stop);

        using var ledger = Open(File("empty.db"));

        Assert.Empty(await ledger.ListUnfinishedAsync(Stop));
    }

    [Fact]
    public async Task A_file_of_the_first_schema_is_brought_up_to_date_with_all_it_holds()
    {
        var uploadId = LedgerSamples.NewId();
        await _ledger.RecordCreationAsync(LedgerSamples.Upload(uploadId), [], Stop);
        _ledger.Dispose();
        using (var connection = new SqliteConnection($"Data Source={File("ledger.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "DROP INDEX uploads_unfinished; ALTER TABLE deliveries DROP COLUMN message_id; ALTER TABLE deliveries DROP COLUMN manifest; ALTER TABLE uploads DROP COLUMN expired_at; PRAGMA user_version = 1; "
                + "CREATE INDEX uploads_unfinished ON uploads (upload_id) WHERE completed_at IS NULL AND terminated_at IS NULL";
            command.ExecuteNonQuery();
        }

        using var ledger = Open(File("ledger.db"));

        Assert.Equal([uploadId], await ledger.ListUnfinishedAsync(Stop));
        Assert.True(await ledger.ExpireUploadAsync(uploadId, LedgerSamples.Noon, Stop));
    }

    [Fact]
    public void A_newer_schema_is_refused_by_name()
    {
        _ledger.Dispose();
        using (var connection = new SqliteConnection($"Data Source={File("ledger.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        var refusal = Assert.Throws<InvalidOperationException>(() => Open(File("ledger.db")));

        Assert.Contains("schema version 99", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_left_alone()
    {
        System.IO.File.WriteAllText(File("notes.db"), "these are the minutes of our meeting, and they are longer than a header would be................................");

        var refusal = Assert.Throws<InvalidOperationException>(() => Open(File("notes.db")));

        Assert.Contains("LEDGER_CONNECTION_STRING", refusal.Message, StringComparison.Ordinal);
        Assert.StartsWith("these are", System.IO.File.ReadAllText(File("notes.db")), StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_and_files_are_closed_to_others()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are a Unix matter");
#pragma warning disable CA1416 // Skipped there.
        var mode = new[] { _folder, File("ledger.db"), File("ledger.db-wal"), File("ledger.db-shm") }
            .Aggregate(UnixFileMode.None, (modes, path) => modes | System.IO.File.GetUnixFileMode(path));
#pragma warning restore CA1416

        Assert.Equal(UnixFileMode.None, mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute));
    }

    [Fact]
    public async Task A_change_that_fails_fails_alone()
    {
        var broken = LedgerSamples.Upload(null!);
        var changes = Enumerable.Range(0, 50).Select(i => Task.Run(() =>
             _ledger.RecordCreationAsync(i == 25 ? broken : LedgerSamples.Upload(LedgerSamples.NewId()), [], Stop), Stop)).ToList();

        await Assert.ThrowsAnyAsync<Exception>(() => Task.WhenAll(changes));

        _ = Assert.Single(changes, change => change.IsFaulted);
        Assert.Equal(49, (await _ledger.ListUnfinishedAsync(Stop)).Count);
    }

    [Fact]
    public async Task A_full_disk_refuses_changes_whole_and_space_brings_them_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "a small file system can only be mounted by root");
        var disk = Path.Combine(_folder, "disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk) == 0, "mounting is not allowed here");
        try
        {
            using var ledger = Open(Path.Combine(disk, "ledger.db"));
            var ballast = Path.Combine(disk, "ballast");
            await System.IO.File.WriteAllBytesAsync(ballast, new byte[150 * 1024], Stop);

            var kept = new List<string>();
            IOException? refusal = null;
            while (refusal is null && kept.Count < 10_000)
            {
                var uploadId = LedgerSamples.NewId();
                refusal = await Record.ExceptionAsync(() => ledger.CompleteUploadAsync(
                    LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop)) as IOException;
                if (refusal is null)
                    kept.Add(uploadId);
            }

            Assert.Equal(28, refusal?.HResult);
            Assert.Equal(kept.Count, (await ledger.FilterEndedAsync(kept, Stop)).Count);
            Assert.Equal(kept.Count, (await ledger.ReadQueueAsync(Stop)).Waiting);

            System.IO.File.Delete(ballast);
            var late = LedgerSamples.NewId();
            Assert.NotNull(await ledger.CompleteUploadAsync(LedgerSamples.Completion(late), Stop));
        }
        finally
        {
            await RunAsync("umount", disk);
        }
    }

    [Theory]
    [InlineData("postgres://user:secret@db/ledger")]
    [InlineData("mysql:thing")]
    [InlineData("sqlite:")]
    public void A_database_we_cannot_use_is_refused_without_showing_its_secrets(string connection)
    {
        var result = new LedgerOptionsValidator().Validate(null, new LedgerOptions { ConnectionString = connection });

        Assert.True(result.Failed);
        Assert.Contains("LEDGER_CONNECTION_STRING", result.FailureMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void The_ledger_lies_beside_the_uploads_unless_told_otherwise()
    {
        var chosen = new LedgerOptions();
        LedgerOptions.Read(chosen, new EnvironmentReader(new Dictionary<string, string> { ["LEDGER_CONNECTION_STRING"] = "sqlite:/db/x.db" }));

        Assert.Equal("/elsewhere/ledger.db", new LedgerOptions { UploadsFolder = "/elsewhere" }.SqlitePath);
        Assert.Equal("/db/x.db", chosen.SqlitePath);
        Assert.Equal("./uploads/ledger.db", new LedgerOptions().SqlitePath);
    }

    public void Dispose()
    {
        _ledger.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<int> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
        return process.ExitCode;
    }

    private string File(string name) => Path.Combine(_folder, name);

    private SqliteLedger Open(string path, UploadDurability durability = UploadDurability.None) =>
        new(Options.Create(new LedgerOptions { ConnectionString = $"sqlite:{path}", Durability = durability }), Clock);
}
