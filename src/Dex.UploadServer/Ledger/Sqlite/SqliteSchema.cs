namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>The ledger's tables, built up by migrations; <c>PRAGMA user_version</c> counts those that were applied.</summary>
/// <remarks>Times are UTC ticks (100 ns since year 1), so that what is read equals what was written.</remarks>
internal static class SqliteSchema
{
    /// <summary>Never changed once released; a change of the schema is a new one at the end.</summary>
    private static readonly IReadOnlyList<string> Migrations =
    [
        """
        CREATE TABLE uploads (
            upload_id     TEXT NOT NULL PRIMARY KEY,
            manifest      TEXT NOT NULL,
            created_at    INTEGER NOT NULL,
            length        INTEGER,
            is_partial    INTEGER NOT NULL,
            completed_at  INTEGER,
            terminated_at INTEGER,
            crc32c        INTEGER
        );
        CREATE INDEX uploads_unfinished ON uploads (upload_id) WHERE completed_at IS NULL AND terminated_at IS NULL;

        -- state: 0 waiting, 1 running, 2 done, 3 dead
        CREATE TABLE deliveries (
            delivery_id     INTEGER PRIMARY KEY,
            upload_id       TEXT NOT NULL,
            target          TEXT NOT NULL,
            target_key      TEXT NOT NULL,
            path            TEXT NOT NULL,
            source_url      TEXT NOT NULL,
            state           INTEGER NOT NULL,
            attempts        INTEGER NOT NULL,
            next_attempt_at INTEGER NOT NULL,
            claim           INTEGER NOT NULL,
            owner           TEXT,
            lease_until     INTEGER,
            last_error      TEXT,
            UNIQUE (upload_id, target_key)
        );
        CREATE INDEX deliveries_waiting ON deliveries (target_key, next_attempt_at, delivery_id) WHERE state = 0;
        CREATE INDEX deliveries_running ON deliveries (owner, lease_until) WHERE state = 1;

        CREATE TABLE attempts (
            upload_id TEXT NOT NULL,
            number    INTEGER NOT NULL,
            target    TEXT NOT NULL,
            succeeded INTEGER NOT NULL,
            location  TEXT NOT NULL,
            ended_at  INTEGER NOT NULL,
            issues    TEXT,
            PRIMARY KEY (upload_id, number)
        ) WITHOUT ROWID;

        -- One row for each batch; a row goes when all its messages have been sent.
        CREATE TABLE outbox (
            sequence INTEGER PRIMARY KEY,
            messages BLOB NOT NULL
        );
        """,

        // By time instead of by random id: rows come and go at one end, where changes of one group share their pages.
        """
        ALTER TABLE uploads ADD COLUMN expired_at INTEGER;
        DROP INDEX uploads_unfinished;
        CREATE INDEX uploads_unfinished ON uploads (created_at) WHERE completed_at IS NULL AND terminated_at IS NULL AND expired_at IS NULL;
        """,

        // state 4: posted; and the message that ordered a delivery, with the manifest of an upload that only another server knows.
        """
        ALTER TABLE deliveries ADD COLUMN message_id TEXT;
        ALTER TABLE deliveries ADD COLUMN manifest TEXT;
        """,
    ];

    /// <exception cref="InvalidOperationException">A newer version of the server wrote this file.</exception>
    public static void Migrate(SqliteDatabase database)
    {
        // Locked first, so that two processes starting together do not both migrate.
        database.Run("BEGIN IMMEDIATE");
        try
        {
            var version = ReadVersion(database);
            if (version > Migrations.Count)
            {
                throw new InvalidOperationException(
                    $"The ledger has schema version {version}, and this server knows versions up to {Migrations.Count}: start the newer server, or restore a copy made before it was used (LEDGER_CONNECTION_STRING).");
            }

            for (; version < Migrations.Count; version++)
            {
                database.Run(Migrations[version]);
                database.Run(FormattableString.Invariant($"PRAGMA user_version = {version + 1}"));
            }

            database.Run("COMMIT");
        }
        catch
        {
            if (database.InTransaction)
                database.Run("ROLLBACK");
            throw;
        }
    }

    private static int ReadVersion(SqliteDatabase database)
    {
        using var version = database.Use("PRAGMA user_version");
        version.Step();
        return (int)version.Integer(0);
    }
}
