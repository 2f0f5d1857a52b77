namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>Rows of <c>deliveries</c> that messages of a broker order.</summary>
internal static class OrderRows
{
    private sealed record Row(long DeliveryId, DeliveryState State, string SourceUrl, string? MessageId);

    public static AcceptedOrder Accept(SqliteDatabase database, DeliveryOrder order, DateTimeOffset now)
    {
        var upload = UploadRows.Find(database, order.UploadId);
        if (upload?.TerminatedAt is not null)
            return new AcceptedOrder(OrderVerdict.Settled, 0);
        if (Find(database, order) is not { } row)
            return new AcceptedOrder(OrderVerdict.UnderWay, Insert(database, order, isKnown: upload is not null, now));

        var isRedelivery = order.Delivery.SourceUrl.Length > 0;
        var isSameMessage = row.MessageId == order.MessageId;
        switch (row.State)
        {
            case DeliveryState.Waiting or DeliveryState.Running:
                return new AcceptedOrder(OrderVerdict.UnderWay, row.DeliveryId);

            // A redelivery has been ordered since, and its own message is under way.
            case DeliveryState.Posted when !isRedelivery && row.SourceUrl.Length > 0:
            case DeliveryState.Done when !isRedelivery || isSameMessage:
                return new AcceptedOrder(OrderVerdict.Settled, row.DeliveryId);

            case DeliveryState.Dead when isSameMessage:
                return new AcceptedOrder(OrderVerdict.GivenUp, row.DeliveryId);
        }

        if (row.State == DeliveryState.Posted && isSameMessage)
            Resume(database, row.DeliveryId, now);
        else
            Begin(database, order, row.DeliveryId, now);
        return new AcceptedOrder(OrderVerdict.UnderWay, row.DeliveryId);
    }

    public static bool Return(SqliteDatabase database, long deliveryId, string messageId)
    {
        using var update = database.Use("UPDATE deliveries SET state = 4 WHERE delivery_id = ? AND state = 0 AND message_id = ?");
        return update.Bind(deliveryId).Bind(messageId).Run() > 0;
    }

    public static void ReturnWaiting(SqliteDatabase database)
    {
        using var update = database.Use("UPDATE deliveries SET state = 4 WHERE state = 0 AND message_id IS NOT NULL");
        update.Run();
    }

    public static bool Keep(SqliteDatabase database, long deliveryId, string messageId)
    {
        using var update = database.Use("UPDATE deliveries SET message_id = NULL WHERE delivery_id = ? AND state = 0 AND message_id = ?");
        return update.Bind(deliveryId).Bind(messageId).Run() > 0;
    }

    public static bool Recall(SqliteDatabase database, string uploadId, string target, DateTimeOffset now)
    {
        using var update = database.Use("""
            UPDATE deliveries SET state = 0, message_id = NULL, next_attempt_at = ? WHERE upload_id = ? AND target = ? AND state = 4
            """);
        return update.Bind(now.UtcTicks).Bind(uploadId).Bind(target).Run() > 0;
    }

    private static Row? Find(SqliteDatabase database, DeliveryOrder order)
    {
        using var select = database.Use("SELECT delivery_id, state, source_url, message_id FROM deliveries WHERE upload_id = ? AND target_key = ?");
        return select.Bind(order.UploadId).Bind(order.Delivery.TargetKey).Step()
            ? new Row(select.Integer(0), (DeliveryState)select.Integer(1), select.Text(2), select.OptionalText(3))
            : null;
    }

    private static long Insert(SqliteDatabase database, DeliveryOrder order, bool isKnown, DateTimeOffset now)
    {
        using var insert = database.Use("""
            INSERT INTO deliveries (
                upload_id, target, target_key, path, source_url, state, attempts, next_attempt_at, claim, message_id, manifest)
            VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0, ?, ?)
            """);
        insert.Bind(order.UploadId)
            .Bind(order.Delivery.Target)
            .Bind(order.Delivery.TargetKey)
            .Bind(order.Delivery.Path)
            .Bind(order.Delivery.SourceUrl)
            .Bind(order.Delivery.AttemptsBefore)
            .Bind(now.UtcTicks)
            .Bind(order.MessageId);
        (isKnown ? insert.Bind((long?)null) : insert.BindText(LedgerText.Write(order.Manifest).Span)).Run();
        return database.LastInsertedRow;
    }

    /// <summary>The message came again: the run goes on where it was.</summary>
    private static void Resume(SqliteDatabase database, long deliveryId, DateTimeOffset now)
    {
        using var update = database.Use("UPDATE deliveries SET state = 0, next_attempt_at = ? WHERE delivery_id = ?");
        update.Bind(now.UtcTicks).Bind(deliveryId).Run();
    }

    /// <summary>A new run. Where the file goes was decided when its upload was finished; only a redelivery decides anew.</summary>
    private static void Begin(SqliteDatabase database, DeliveryOrder order, long deliveryId, DateTimeOffset now)
    {
        using var update = database.Use("""
            UPDATE deliveries SET
                state = 0, message_id = ?1, source_url = ?2, path = CASE WHEN ?2 = '' THEN path ELSE ?3 END,
                attempts = ?4, next_attempt_at = ?5, claim = claim + 1, last_error = NULL
            WHERE delivery_id = ?6
            """);
        update.Bind(order.MessageId)
            .Bind(order.Delivery.SourceUrl)
            .Bind(order.Delivery.Path)
            .Bind(order.Delivery.AttemptsBefore)
            .Bind(now.UtcTicks)
            .Bind(deliveryId)
            .Run();
    }
}
