package dev.tidemark.store;

import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Map;

/**
 * An offset store of 200 groups with 10 topics of 50 partitions each, a million dead letters and a million audit rows. Group 0 has 40 % of
 * the dead letters and half of the audit rows, groups 1 to 3 most of the other dead letters; no consumer owns the last group.
 */
final class LargeStore {
    /** A group as most are. */
    static final String USUAL = "group-77";

    /** The group with the most dead letters and audit rows. */
    static final String HEAVY = "group-0";

    private static final String BINDINGS = """
            insert into tidemark.topic_binding (group_id, topic, cluster_id, topic_id, partitions)
            select 'group-' || g, 'topic-' || t, 'cluster', 'id-' || t, 50
              from generate_series(0, 199) g, generate_series(0, 9) t
            """;

    private static final String OFFSETS = """
            insert into tidemark.stored_offset (group_id, topic, partition, next_offset, owner_token, owner_epoch, owner_name, claimed_at)
            select 'group-' || g, 'topic-' || t, p, 10000 + g + p, case when g < 199 then gen_random_uuid() end, 3,
                   case when g < 199 then 'host-' || p % 8 end, now()
              from generate_series(0, 199) g, generate_series(0, 9) t, generate_series(0, 49) p order by random()
            """;

    private static final String ENDS = """
            insert into tidemark.log_end (group_id, topic, partition, log_start, log_end)
            select group_id, topic, partition, 0, next_offset + partition from tidemark.stored_offset order by random()
            """;

    private static final String STATES = """
            insert into tidemark.partition_state (group_id, topic, partition, halted_at, error_code, error_text)
            select group_id, topic, partition, case when partition = 7 then now() end,
                   case when partition = 7 then 'TM-502' end, case when partition = 7 then 'the handler failed' end
              from tidemark.stored_offset where partition % 5 = 2
            """;

    private static final String PAUSES = """
            insert into tidemark.consumer_pause (group_id, topic)
            select 'group-' || g, case when g % 20 <> 0 then 'topic-3' end from generate_series(0, 199, 10) g
            """;

    private static final String LETTERS = """
            insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms, timestamp_type, key, value,
                   holds_key, error_code, error_class, error_stack, attempts, parked_by, parked_at, superseded_at)
            select 'group-' || case when n % 10 < 4 then 0 when n % 10 < 6 then 1 when n % 10 < 8 then 2 when n % 10 < 9 then 3
                                    else 4 + n / 10 % 196 end,
                   'topic-' || n / 2000 % 10, 1, n / 20000 % 50, n, n, 'CreateTime', ('key-' || n)::bytea, '{"flight": "LH400"}',
                   n % 4 = 0, case when n % 5 > 0 then case when n % 1000 = 1 then 'TM-505' else 'TM-502' end end,
                   case when n % 5 > 0 then 'a.B sqlstate=23505 (unique violation: constraint c, table t)' end,
                   repeat('at a.B.c(B.java:1)', 10), 1, 'host-1', now() - make_interval(secs => 1000000 - n),
                   case when n % 13 = 0 then now() end
              from generate_series(1, 1000000) n
            """;

    private static final String AUDIT = """
            insert into tidemark.audit_log (at, action, group_id, topic, partition, from_offset, to_offset, reason, change_id, incarnation)
            select now() - make_interval(secs => 1000000 - n),
                   case when n / 400 % 100 > 0 then (array['park', 'skip', 'redrive'])[1 + n % 3]
                        else (array['reset', 'manual_move', 'bind', 'pause'])[1 + n / 40000 % 4] end,
                   'group-' || case when n % 2 = 0 then 0 else n / 2 % 200 end, 'topic-' || n / 7 % 10, n / 3 % 50, n, n + 1,
                   'TM-502 the handler failed', n / 20, 1
              from generate_series(1, 1000000) n
            """;

    private LargeStore() {}

    /** A server that writes a gigabyte quickly, and could lose it. */
    static EmbeddedPostgresServer server() {
        return EmbeddedPostgresServer.start(Map.of(
                "fsync", "off",
                "full_page_writes", "off",
                "wal_level", "minimal",
                "max_wal_senders", "0",
                "max_wal_size", "8GB",
                "maintenance_work_mem", "256MB"));
    }

    /** Fills a schema of version 9, and migrates it to the newest. */
    static TestDatabase create(EmbeddedPostgresServer server) {
        TestDatabase database = server.createDatabase();
        SchemaScriptIT.migrateTo(database, 9);
        // Without the triggers.
        String replica = "set session_replication_role = replica";
        String origin = "set session_replication_role = origin";
        database.superuser()
                .execute(
                        replica,
                        BINDINGS,
                        OFFSETS,
                        ENDS,
                        STATES,
                        PAUSES,
                        LETTERS,
                        AUDIT,
                        "select setval('tidemark.change_id_seq', 1000000)",
                        origin);
        database.migrate();
        // As autovacuum does after so many rows, which no server of these tests runs by itself.
        database.superuser().execute("vacuum (analyze, index_cleanup off)");
        return database;
    }
}
