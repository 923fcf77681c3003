package dtc.store.postgresql;

import java.util.List;

/**
 * The SQL statements. Values are stored as text, because jsonb would change the text of numbers and the order of
 * members.
 */
final class Statements {

    static final int SCHEMA_VERSION = 1;

    /** An arbitrary number for an advisory lock, which other programs are unlikely to use. */
    private static final long MIGRATION_LOCK = 0x647463_726d_0001L;

    static final List<String> TABLES = List.of("dtc_rm", "dtc_entry", "dtc_prepared", "dtc_outcome", "dtc_schema");

    private final String schema;

    Statements(String schema) {
        this.schema = schema;
    }

    /** Replaces {@code $s.} with the quoted name of the schema. */
    private String sql(String text) {
        return text.replace("$s.", '"' + schema + "\".");
    }

    // Opening

    String server() {
        return """
                SELECT current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync,
                       current_setting('server_encoding') AS server_encoding, pg_is_in_recovery() AS in_recovery""";
    }

    String lockMigration() {
        return "SELECT pg_advisory_xact_lock(" + MIGRATION_LOCK + ")";
    }

    String schemaExists() {
        return sql("SELECT to_regclass('$s.dtc_schema') IS NOT NULL AS found");
    }

    String schemaVersion() {
        return sql("SELECT max(version) AS version FROM $s.dtc_schema");
    }

    /** Requires the privilege CREATE on the database, which is not needed if the schema exists. */
    String createSchema() {
        return "CREATE SCHEMA \"" + schema + '"';
    }

    /**
     * Creates version 1 of the tables. Later versions add statements, so that each database goes through all versions.
     */
    List<String> create() {
        return List.of(
                sql("CREATE TABLE $s.dtc_schema (version integer NOT NULL PRIMARY KEY)"),
                sql("""
                        CREATE TABLE $s.dtc_rm (
                          id text COLLATE "C" NOT NULL PRIMARY KEY,
                          instance uuid NOT NULL,
                          epoch bigint NOT NULL,
                          owner uuid,
                          newest_evicted uuid)"""),
                sql("""
                        CREATE TABLE $s.dtc_entry (
                          rm text COLLATE "C" NOT NULL,
                          key text COLLATE "C" NOT NULL,
                          value text NOT NULL,
                          PRIMARY KEY (rm, key))"""),
                sql("""
                        CREATE TABLE $s.dtc_prepared (
                          rm text COLLATE "C" NOT NULL,
                          transaction uuid NOT NULL,
                          key text COLLATE "C" NOT NULL,
                          operation text NOT NULL CHECK (operation IN ('put', 'delete', 'check')),
                          value text,
                          by_operator boolean NOT NULL DEFAULT false,
                          prepared_at timestamptz NOT NULL DEFAULT now(),
                          PRIMARY KEY (rm, transaction, key))"""),
                sql("""
                        CREATE TABLE $s.dtc_outcome (
                          rm text COLLATE "C" NOT NULL,
                          transaction uuid NOT NULL,
                          number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
                          outcome text NOT NULL CHECK (outcome IN ('COMMIT', 'ROLLBACK')),
                          PRIMARY KEY (rm, transaction))"""),
                sql("CREATE INDEX dtc_outcome_number ON $s.dtc_outcome (rm, number)"),
                sql("INSERT INTO $s.dtc_schema (version) VALUES (1)"));
    }

    String missingRights() {
        return """
                SELECT t || ': ' || p AS missing
                FROM unnest($1::text[]) AS t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p
                WHERE (p = 'SELECT' OR t NOT LIKE '%.dtc_schema') AND NOT has_table_privilege(t, p)
                ORDER BY 1""";
    }

    String qualified(String table) {
        return '"' + schema + "\"." + table;
    }

    String insertRm() {
        return sql("INSERT INTO $s.dtc_rm (id, instance, epoch) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING");
    }

    /**
     * Waits for an append of an earlier epoch that is in progress, and fences all later appends of that epoch. The
     * third parameter is whether this process must be the owner already.
     */
    String nextEpoch() {
        return sql("""
                UPDATE $s.dtc_rm SET epoch = epoch + 1, owner = $2 WHERE id = $1 AND (NOT $3 OR owner = $2)
                RETURNING instance, epoch""");
    }

    /**
     * Deletes the oldest outcomes beyond the limit, and stores the newest of their ids that is ordered by time (UUID
     * version 7).
     */
    String deleteSurplus() {
        return sql("""
                WITH surplus AS (
                  DELETE FROM $s.dtc_outcome
                  WHERE rm = $1 AND number <= (
                    SELECT number FROM $s.dtc_outcome WHERE rm = $1 ORDER BY number DESC OFFSET $2 LIMIT 1)
                  RETURNING transaction)
                UPDATE $s.dtc_rm SET newest_evicted = newest.transaction
                FROM (SELECT transaction FROM surplus WHERE substr(transaction::text, 15, 1) = '7'
                      ORDER BY transaction DESC LIMIT 1) AS newest
                WHERE id = $1 AND (newest_evicted IS NULL OR newest_evicted < newest.transaction)""");
    }

    String newestEvicted() {
        return sql("SELECT newest_evicted FROM $s.dtc_rm WHERE id = $1");
    }

    String prepared() {
        return sql("""
                SELECT transaction, key, operation, value, by_operator FROM $s.dtc_prepared
                WHERE rm = $1 ORDER BY transaction""");
    }

    String outcomes() {
        return sql("SELECT transaction, outcome FROM $s.dtc_outcome WHERE rm = $1 ORDER BY number");
    }

    // Appends and reads

    /**
     * Stores a batch. The same statement checks and locks the epoch: with a separate check, another process could open
     * the storage in between. Returns one row. If the epoch has ended, returns none and stores nothing.
     */
    String append() {
        return sql("""
                WITH fence AS MATERIALIZED (SELECT id FROM $s.dtc_rm WHERE id = $1 AND epoch = $2 FOR SHARE),
                prepared AS (
                  INSERT INTO $s.dtc_prepared (rm, transaction, key, operation, value)
                  SELECT fence.id, p.transaction, p.key, p.operation, p.value
                  FROM fence, unnest($3::uuid[], $4::text[], $5::text[], $6::text[])
                    AS p (transaction, key, operation, value)),
                finished AS (
                  DELETE FROM $s.dtc_prepared USING fence WHERE rm = $1 AND transaction = ANY ($7::uuid[])),
                ended AS (
                  INSERT INTO $s.dtc_outcome (rm, transaction, outcome)
                  SELECT fence.id, o.transaction, o.outcome
                  FROM fence, unnest($8::uuid[], $9::text[]) WITH ORDINALITY AS o (transaction, outcome, position)
                  ORDER BY o.position
                  ON CONFLICT (rm, transaction) DO UPDATE SET outcome = excluded.outcome),
                written AS (
                  INSERT INTO $s.dtc_entry (rm, key, value)
                  SELECT fence.id, e.key, e.value FROM fence, unnest($10::text[], $11::text[]) AS e (key, value)
                  ON CONFLICT (rm, key) DO UPDATE SET value = excluded.value),
                deleted AS (
                  DELETE FROM $s.dtc_entry USING fence WHERE rm = $1 AND key = ANY ($12::text[])),
                evicted AS (
                  DELETE FROM $s.dtc_outcome USING fence WHERE rm = $1 AND transaction = ANY ($13::uuid[])),
                forgotten AS (
                  UPDATE $s.dtc_rm SET newest_evicted = $14 FROM fence WHERE dtc_rm.id = fence.id AND $14::uuid IS NOT NULL)
                SELECT id FROM fence""");
    }

    String checkEpoch() {
        return sql("SELECT 1 FROM $s.dtc_rm WHERE id = $1 AND epoch = $2");
    }

    String read() {
        return sql("SELECT key, value FROM $s.dtc_entry WHERE rm = $1 AND key = ANY ($2::text[])");
    }

    /** Returns a page that is also limited in characters, because large values may not fit into memory. */
    String entries(boolean fromStart) {
        return sql("""
                SELECT key, value FROM (
                  SELECT key, value, sum(length(value)) OVER (ORDER BY key) - length(value) AS before
                  FROM (SELECT key, value FROM $s.dtc_entry WHERE rm = $1 %s ORDER BY key LIMIT $2) AS page) AS summed
                WHERE before <= $3 ORDER BY key""".formatted(fromStart ? "" : "AND key > $4"));
    }

    // The command rm new-instance

    String renewInstance() {
        return sql("UPDATE $s.dtc_rm SET instance = $2, epoch = epoch + 1, owner = NULL WHERE id = $1 RETURNING epoch");
    }

    String resolveByOperator() {
        return sql("""
                WITH found AS (
                  UPDATE $s.dtc_prepared SET by_operator = true WHERE rm = $1 RETURNING transaction)
                SELECT count(DISTINCT transaction) AS transactions FROM found""");
    }
}
