package dev.tidemark.cli;

import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;

/** A database that holds groups and never met Kafka, and the command line on it, whose Kafka is down. */
final class StoredGroups {
    /** Nothing listens there. */
    static final String NOBODY = "localhost:1";

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    TestDatabase database() {
        return database;
    }

    Cli cli() {
        return Cli.on(database, NOBODY);
    }

    /** A group at offset 10, 20, ... of each partition of a topic. */
    StoredGroups with(String group, String topic, int partitions) {
        database.execute("select tidemark.bind_topic('" + group + "', '" + topic + "', 'cluster', 'id',"
                + " array(select 10 * n from generate_series(1, " + partitions + ") n)::bigint[])");
        return this;
    }

    /** A dead letter at an offset of partition 0; returns its id. */
    long park(String group, String topic, long offset, String errorCode) {
        String key = Canary.KEY.plant();
        String value = Canary.VALUE.plant();
        return database.owner()
                .number("insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset,"
                        + " timestamp_ms, timestamp_type, key, value, header_keys, header_values, error_code, error_class,"
                        + " error_message, error_stack, attempts, parked_by) values ('" + group + "', '" + topic
                        + "', 1, 0, "
                        + offset + ", 1764000000000, 'CreateTime', '" + key + "', '" + value + "', '{trace,trace}',"
                        + " '{\"one\",\"\\\\xff00\"}', '" + errorCode
                        + "', 'java.lang.IllegalStateException', 'it broke',"
                        + " E'java.lang.IllegalStateException: it broke\\n\\tat Handler.handle(Handler.java:7)', 3, 'host-1')"
                        + " returning id");
    }
}
