namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>Rows of <c>outbox</c>.</summary>
internal static class OutboxRows
{
    /// <param name="least">Above every sequence this process has seen, so that numbers rise even when the table runs empty.</param>
    public static long Insert(SqliteDatabase database, long least, ReadOnlySpan<byte> messages)
    {
        using var insert = database.Use("""
            INSERT INTO outbox (sequence, messages) VALUES (max(?, (SELECT coalesce(max(sequence), 0) + 1 FROM outbox)), ?)
            """);
        insert.Bind(least).BindBytes(messages).Run();
        return database.LastInsertedRow;
    }

    public static void Delete(SqliteDatabase database, long sequence)
    {
        using var delete = database.Use("DELETE FROM outbox WHERE sequence = ?");
        delete.Bind(sequence).Run();
    }

    public static List<OutboxBatch> Read(SqliteDatabase database, long afterSequence, int limit)
    {
        var batches = new List<OutboxBatch>();
        using var select = database.Use("SELECT sequence, messages FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?");
        select.Bind(afterSequence).Bind(limit);
        while (select.Step())
            batches.Add(new OutboxBatch(select.Integer(0), OutboxCodec.Decode(select.Bytes(1))));
        return batches;
    }
}
