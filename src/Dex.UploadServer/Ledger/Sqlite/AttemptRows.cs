namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>Rows of <c>attempts</c>: the history that <c>/info</c> shows.</summary>
internal static class AttemptRows
{
    public static void Insert(SqliteDatabase database, string uploadId, DeliveryAttempt attempt)
    {
        using var insert = database.Use("""
            INSERT INTO attempts (upload_id, number, target, succeeded, location, ended_at, issues)
            VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE upload_id = ?1), ?2, ?3, ?4, ?5, ?6)
            """);
        insert.Bind(uploadId)
            .Bind(attempt.Target)
            .Bind(attempt.Succeeded ? 1 : 0)
            .Bind(attempt.Location)
            .Bind(attempt.EndedAt.UtcTicks);
        if (attempt.Issues.IsDefaultOrEmpty)
            insert.Bind((long?)null);
        else
            insert.BindText(LedgerText.Write(attempt.Issues).Span);
        insert.Run();
    }

    public static List<DeliveryAttempt> List(SqliteDatabase database, string uploadId)
    {
        var attempts = new List<DeliveryAttempt>();
        using var select = database.Use("""
            SELECT target, succeeded, location, ended_at, issues FROM attempts WHERE upload_id = ? ORDER BY number
            """);
        select.Bind(uploadId);
        while (select.Step())
        {
            attempts.Add(new DeliveryAttempt
            {
                Target = select.Text(0),
                Succeeded = select.Integer(1) != 0,
                Location = select.Text(2),
                EndedAt = SqliteTime.Read(select.Integer(3)),
                Issues = select.IsNull(4) ? [] : LedgerText.ReadIssues(select.Bytes(4)),
            });
        }

        return attempts;
    }
}
