namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>Rows of <c>deliveries</c>: one for each upload and target, whatever becomes of it.</summary>
internal static class DeliveryRows
{
    private const string Columns =
        "delivery_id, upload_id, target, target_key, path, source_url, state, attempts, next_attempt_at, claim, last_error";

    /// <summary>Inserts a waiting delivery, due now; one that exists for the same upload and target stays as it is.</summary>
    public static void Insert(SqliteDatabase database, string uploadId, NewDelivery delivery, DateTimeOffset now)
    {
        using var insert = database.Use("""
            INSERT INTO deliveries (upload_id, target, target_key, path, source_url, state, attempts, next_attempt_at, claim)
            VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0) ON CONFLICT (upload_id, target_key) DO NOTHING
            """);
        insert.Bind(uploadId)
            .Bind(delivery.Target)
            .Bind(delivery.TargetKey)
            .Bind(delivery.Path)
            .Bind(delivery.SourceUrl)
            .Bind(delivery.AttemptsBefore)
            .Bind(now.UtcTicks)
            .Run();
    }

    /// <returns>Whether there was anything to change: not if the same redelivery waits for its first attempt already.</returns>
    public static bool Requeue(SqliteDatabase database, string uploadId, NewDelivery delivery, DateTimeOffset now)
    {
        using var upsert = database.Use("""
            INSERT INTO deliveries (upload_id, target, target_key, path, source_url, state, attempts, next_attempt_at, claim)
            VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0)
            ON CONFLICT (upload_id, target_key) DO UPDATE SET
                target = excluded.target, path = excluded.path, source_url = excluded.source_url, state = 0, attempts = excluded.attempts,
                next_attempt_at = excluded.next_attempt_at, claim = claim + 1, owner = NULL, lease_until = NULL, last_error = NULL
            WHERE NOT (path = excluded.path AND (
                (state = 0 AND attempts = excluded.attempts AND source_url = excluded.source_url) OR (state = 1 AND lease_until > ?)))
            """);
        return upsert.Bind(uploadId)
            .Bind(delivery.Target)
            .Bind(delivery.TargetKey)
            .Bind(delivery.Path)
            .Bind(delivery.SourceUrl)
            .Bind(delivery.AttemptsBefore)
            .Bind(now.UtcTicks)
            .Bind(now.UtcTicks)
            .Run() > 0;
    }

    public static void DropWaiting(SqliteDatabase database, string uploadId)
    {
        using var delete = database.Use("DELETE FROM deliveries WHERE upload_id = ? AND state = 0");
        delete.Bind(uploadId).Run();
    }

    public static List<DeliveryRecord> Claim(SqliteDatabase database, string targetKey, int limit, string owner, DateTimeOffset now, TimeSpan lease)
    {
        var claimed = new List<DeliveryRecord>();
        using (var select = database.Use($"""
            SELECT {Columns} FROM deliveries WHERE state = 0 AND target_key = ? AND next_attempt_at <= ?
            ORDER BY next_attempt_at, delivery_id LIMIT ?
            """))
        {
            select.Bind(targetKey).Bind(now.UtcTicks).Bind(limit);
            while (select.Step())
                claimed.Add(Read(select));
        }

        // The write lock is held since before the select, so nobody else can have claimed them. (UPDATE … RETURNING would do both at
        // once, by way of two temporary tables that cost more than all the rest.)
        for (var i = 0; i < claimed.Count; i++)
        {
            using var update = database.Use("""
                UPDATE deliveries SET state = 1, claim = claim + 1, owner = ?, lease_until = ? WHERE delivery_id = ? AND state = 0
                """);
            update.Bind(owner).Bind((now + lease).UtcTicks).Bind(claimed[i].DeliveryId).Run();
            claimed[i] = claimed[i] with
            {
                State = DeliveryState.Running,
                Claim = claimed[i].Claim + 1,
                Upload = UploadRows.Find(database, claimed[i].UploadId),
            };
        }

        return claimed;
    }

    public static void Renew(SqliteDatabase database, string owner, DateTimeOffset until)
    {
        using var update = database.Use("UPDATE deliveries SET lease_until = ? WHERE state = 1 AND owner = ?");
        update.Bind(until.UtcTicks).Bind(owner).Run();
    }

    /// <returns>Whether the claim still held.</returns>
    public static bool Settle(SqliteDatabase database, DeliverySettlement settlement)
    {
        using var update = database.Use("""
            UPDATE deliveries SET
                state = ?, attempts = attempts + 1, next_attempt_at = ?, owner = NULL, lease_until = NULL, last_error = ?
            WHERE delivery_id = ? AND upload_id = ? AND state = 1 AND claim = ?
            """);
        var claimed = settlement.Delivery;
        update.Bind((long)settlement.NewState).Bind(settlement.NextAttemptAt.UtcTicks);
        if (settlement.Attempt.Succeeded || settlement.Attempt.Issues.IsDefaultOrEmpty)
            update.Bind((long?)null);
        else
            update.Bind(settlement.Attempt.Issues[0].Message);
        return update.Bind(claimed.DeliveryId).Bind(claimed.UploadId).Bind(claimed.Claim).Run() > 0;
    }

    public static void Release(SqliteDatabase database, string owner)
    {
        using var update = database.Use("""
            UPDATE deliveries SET state = 0, owner = NULL, lease_until = NULL WHERE state = 1 AND owner = ?
            """);
        update.Bind(owner).Run();
    }

    public static int Reclaim(SqliteDatabase database, bool all, DateTimeOffset now)
    {
        using var update = database.Use("""
            UPDATE deliveries SET state = 0, owner = NULL, lease_until = NULL WHERE state = 1 AND (? OR lease_until <= ?)
            """);
        return update.Bind(all ? 1 : 0).Bind(now.UtcTicks).Run();
    }

    public static void Hasten(SqliteDatabase database, string targetKey, DateTimeOffset now)
    {
        using var update = database.Use("UPDATE deliveries SET next_attempt_at = ?1 WHERE state = 0 AND target_key = ?2 AND next_attempt_at > ?1");
        update.Bind(now.UtcTicks).Bind(targetKey).Run();
    }

    public static List<string> ListWaitingTargets(SqliteDatabase database)
    {
        var targets = new List<string>();
        using var select = database.Use("SELECT DISTINCT target_key FROM deliveries WHERE state = 0");
        while (select.Step())
            targets.Add(select.Text(0));
        return targets;
    }

    public static bool Has(SqliteDatabase database, string target, string path)
    {
        using var select = database.Use("SELECT 1 FROM deliveries WHERE target_key = ? AND path = ? LIMIT 1");
        select.Bind(target).Bind(path);
        return select.Step();
    }

    public static List<DeliveryRecord> List(SqliteDatabase database, string uploadId)
    {
        var deliveries = new List<DeliveryRecord>();
        var upload = UploadRows.Find(database, uploadId);
        using var select = database.Use($"SELECT {Columns} FROM deliveries WHERE upload_id = ? ORDER BY delivery_id");
        select.Bind(uploadId);
        while (select.Step())
            deliveries.Add(Read(select) with { Upload = upload });
        return deliveries;
    }

    public static QueueState ReadQueue(SqliteDatabase database)
    {
        // Each part is answered by its partial index alone.
        using var select = database.Use("""
            SELECT (SELECT count(*) FROM deliveries WHERE state = 0),
                   (SELECT count(*) FROM deliveries WHERE state = 1),
                   (SELECT min(next_attempt_at) FROM deliveries INDEXED BY deliveries_waiting WHERE state = 0)
            """);
        select.Step();
        return new QueueState((int)select.Integer(0), (int)select.Integer(1), SqliteTime.Read(select.OptionalInteger(2)));
    }

    private static DeliveryRecord Read(SqliteStatement row) => new()
    {
        DeliveryId = row.Integer(0),
        UploadId = row.Text(1),
        Target = row.Text(2),
        TargetKey = row.Text(3),
        Path = row.Text(4),
        SourceUrl = row.Text(5),
        State = (DeliveryState)row.Integer(6),
        Attempts = (int)row.Integer(7),
        NextAttemptAt = SqliteTime.Read(row.Integer(8)),
        Claim = row.Integer(9),
        LastError = row.OptionalText(10),
    };
}
