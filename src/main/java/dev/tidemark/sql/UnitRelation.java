package dev.tidemark.sql;

import dev.tidemark.internal.store.table.DatabaseText;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The unit as a relation: a common table expression over arrays that are bound as parameters. Immutable. */
final class UnitRelation {
    /** Kafka's value for no timestamp. */
    private static final long NO_TIMESTAMP = -1;

    // OFFSET 0 keeps the planner from flattening the query: a value is parsed once for each row, however often it is
    // named, and not at all if it is not. NOT MATERIALIZED makes that hold for statements that name records twice, too.
    private static final String EXPRESSION = """
            records as not materialized (
              select u.topic, u.partition, u."offset",
                     timestamptz '1970-01-01 00:00:00+00' + nullif(u.timestamp, {none}) * interval '1 millisecond' as timestamp,
                     {key} as key, {value} as value, coalesce(u.headers, '{}')::jsonb as headers
                from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[], ?::bytea[], ?::bytea[], ?::text[])
                  as u(topic, partition, "offset", timestamp, key, value, headers)
              offset 0)""";

    private final String expression;

    UnitRelation(SqlJobOptions options) {
        this.expression = EXPRESSION
                .replace("{none}", Long.toString(NO_TIMESTAMP))
                .replace("{key}", options.key().of("u.key"))
                .replace("{value}", options.value().of("u.value"));
    }

    /** With a parameter for each column. */
    String expression() {
        return expression;
    }

    /** These records, to be bound once for each statement that reads them. */
    Rows rows(Connection c, List<ConsumerRecord<byte[], byte[]>> records) throws SQLException {
        DatabaseText database = DatabaseText.of(c);
        return new Rows(List.of(
                c.createArrayOf("text", column(records, ConsumerRecord::topic, String[]::new)),
                c.createArrayOf("int4", column(records, ConsumerRecord::partition, Integer[]::new)),
                c.createArrayOf("int8", column(records, ConsumerRecord::offset, Long[]::new)),
                c.createArrayOf("int8", column(records, ConsumerRecord::timestamp, Long[]::new)),
                c.createArrayOf("bytea", column(records, ConsumerRecord::key, byte[][]::new)),
                c.createArrayOf("bytea", column(records, ConsumerRecord::value, byte[][]::new)),
                c.createArrayOf("text", column(records, r -> HeaderJson.of(r.headers(), database), String[]::new))));
    }

    private static <T> T[] column(
            List<ConsumerRecord<byte[], byte[]>> records,
            Function<ConsumerRecord<byte[], byte[]>, T> value,
            IntFunction<T[]> array) {
        return records.stream().map(value).toArray(array);
    }

    /** The columns of one unit. */
    record Rows(List<Array> columns) {
        void bind(PreparedStatement s) throws SQLException {
            for (int i = 0; i < columns.size(); i++) {
                s.setArray(i + 1, columns.get(i));
            }
        }
    }
}
