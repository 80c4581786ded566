package dev.tidemark.proof.kit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What a consumer does with the records: one row for each, and a fold for each account. */
public final class TransferHandler {
    private static final String EFFECTS =
            "insert into effect (topic, partition, record_offset, account, sequence, amount)"
                    + " select * from unnest(?::text[], ?::int[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[])";

    private static final String TOTALS = "insert into account as a (code, records, amount)"
            + " select * from unnest(?::text[], ?::bigint[], ?::bigint[]) on conflict (code) do update"
            + " set records = a.records + excluded.records, amount = a.amount + excluded.amount";

    private TransferHandler() {}

    /** Writes them within the transaction of this connection. */
    public static void write(Connection c, List<? extends ConsumerRecord<String, String>> records) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(EFFECTS)) {
            s.setArray(
                    1,
                    array(c, "text", records.stream().map(ConsumerRecord::topic).toArray()));
            s.setArray(
                    2,
                    array(
                            c,
                            "int4",
                            records.stream().map(ConsumerRecord::partition).toArray()));
            s.setArray(
                    3,
                    array(
                            c,
                            "int8",
                            records.stream().map(ConsumerRecord::offset).toArray()));
            s.setArray(
                    4,
                    array(c, "text", records.stream().map(ConsumerRecord::key).toArray()));
            s.setArray(
                    5, array(c, "int8", records.stream().map(r -> number(r, 0)).toArray()));
            s.setArray(
                    6, array(c, "int8", records.stream().map(r -> number(r, 1)).toArray()));
            s.executeUpdate();
        }
        // In the order of the accounts, so that two units never deadlock.
        Map<String, long[]> sums = new TreeMap<>();
        for (ConsumerRecord<String, String> record : records) {
            long[] sum = sums.computeIfAbsent(record.key(), key -> new long[2]);
            sum[0]++;
            sum[1] += number(record, 1);
        }
        List<Map.Entry<String, long[]>> rows = List.copyOf(sums.entrySet());
        try (PreparedStatement s = c.prepareStatement(TOTALS)) {
            s.setArray(1, array(c, "text", rows.stream().map(Map.Entry::getKey).toArray()));
            s.setArray(
                    2,
                    array(c, "int8", rows.stream().map(row -> row.getValue()[0]).toArray()));
            s.setArray(
                    3,
                    array(c, "int8", rows.stream().map(row -> row.getValue()[1]).toArray()));
            s.executeUpdate();
        }
    }

    private static java.sql.Array array(Connection c, String type, Object[] values) throws SQLException {
        return c.createArrayOf(type, values);
    }

    private static long number(ConsumerRecord<String, String> record, int index) {
        return Long.parseLong(record.value().split(" ")[index]);
    }
}
