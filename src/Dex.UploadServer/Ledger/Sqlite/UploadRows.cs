namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>Rows of <c>uploads</c>.</summary>
internal static class UploadRows
{
    private const string Columns = "upload_id, manifest, created_at, length, is_partial, completed_at, terminated_at, crc32c, expired_at";

    /// <returns>Whether it was new.</returns>
    public static bool Insert(SqliteDatabase database, UploadRecord upload, ReadOnlySpan<byte> manifest)
    {
        using var insert = database.Use($"""
            INSERT INTO uploads ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """);
        return insert.Bind(upload.UploadId)
            .BindText(manifest)
            .Bind(upload.CreatedAt.UtcTicks)
            .Bind(upload.Length)
            .Bind(upload.IsPartial ? 1 : 0)
            .Bind(upload.CompletedAt?.UtcTicks)
            .Bind(upload.TerminatedAt?.UtcTicks)
            .Bind(upload.Crc32C)
            .Bind(upload.ExpiredAt?.UtcTicks)
            .Run() > 0;
    }

    /// <returns>Whether this call completed it; not if it was complete or terminated before.</returns>
    public static bool Complete(SqliteDatabase database, UploadRecord upload)
    {
        using (var update = database.Use("""
            UPDATE uploads SET completed_at = ?, length = ?, crc32c = ?, expired_at = NULL
            WHERE upload_id = ? AND completed_at IS NULL AND terminated_at IS NULL
            """))
        {
            var completed = update.Bind(upload.CompletedAt?.UtcTicks).Bind(upload.Length).Bind(upload.Crc32C).Bind(upload.UploadId).Run() > 0;
            if (completed)
                return true;
        }

        return Insert(database, upload, LedgerText.Write(upload.Manifest).Span);
    }

    public static void Terminate(SqliteDatabase database, string uploadId, DateTimeOffset at)
    {
        using var update = database.Use("UPDATE uploads SET terminated_at = ? WHERE upload_id = ? AND terminated_at IS NULL");
        update.Bind(at.UtcTicks).Bind(uploadId).Run();
    }

    public static bool Expire(SqliteDatabase database, string uploadId, DateTimeOffset at)
    {
        using var update = database.Use("""
            UPDATE uploads SET expired_at = ? WHERE upload_id = ? AND completed_at IS NULL AND terminated_at IS NULL AND expired_at IS NULL
            """);
        return update.Bind(at.UtcTicks).Bind(uploadId).Run() > 0;
    }

    public static UploadRecord? Find(SqliteDatabase database, string uploadId)
    {
        using var select = database.Use($"SELECT {Columns} FROM uploads WHERE upload_id = ?");
        return select.Bind(uploadId).Step() ? Read(select) : null;
    }

    public static bool HasEnded(SqliteDatabase database, string uploadId)
    {
        using var select = database.Use("""
            SELECT 1 FROM uploads WHERE upload_id = ? AND (completed_at IS NOT NULL OR terminated_at IS NOT NULL)
            """);
        return select.Bind(uploadId).Step();
    }

    public static List<string> ListUnfinished(SqliteDatabase database)
    {
        var ids = new List<string>();
        using var select = database.Use("SELECT upload_id FROM uploads WHERE completed_at IS NULL AND terminated_at IS NULL AND expired_at IS NULL");
        while (select.Step())
            ids.Add(select.Text(0));
        return ids;
    }

    private static UploadRecord Read(SqliteStatement row) => new()
    {
        UploadId = row.Text(0),
        Manifest = LedgerText.ReadManifest(row.Bytes(1)),
        CreatedAt = SqliteTime.Read(row.Integer(2)),
        Length = row.OptionalInteger(3),
        IsPartial = row.Integer(4) != 0,
        CompletedAt = SqliteTime.Read(row.OptionalInteger(5)),
        TerminatedAt = SqliteTime.Read(row.OptionalInteger(6)),
        Crc32C = (uint?)row.OptionalInteger(7),
        ExpiredAt = SqliteTime.Read(row.OptionalInteger(8)),
    };
}
