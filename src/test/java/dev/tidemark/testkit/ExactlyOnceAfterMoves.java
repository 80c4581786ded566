package dev.tidemark.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * The promise for a group whose offsets were moved while it ran, for logs without holes: each partition's records took effect once and
 * in order, from where each move led to where the next one found it. The audit log knows the moves, in the transactions that made them.
 */
public final class ExactlyOnceAfterMoves {
    private ExactlyOnceAfterMoves() {}

    /** Every record that was to take effect, as often as it was to, in order; to the ends of the logs. */
    public static void assertComplete(TestDatabase database, String group, Map<TopicPartition, Long> ends) {
        ends.forEach((partition, end) -> {
            assertThat(applied(database, partition))
                    .as("records of " + partition + " that took effect, in order")
                    .containsExactlyElementsOf(expected(database, group, partition, end));
            assertThat(ExactlyOnce.stored(database, group, partition))
                    .as("stored offset of " + partition)
                    .isEqualTo(end);
        });
    }

    /** How many applications of records are missing, and how many are too many. */
    public static String count(TestDatabase database, String group, Map<TopicPartition, Long> ends) {
        int missing = 0;
        int doubled = 0;
        for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
            List<Long> expected = new ArrayList<>(expected(database, group, end.getKey(), end.getValue()));
            List<Long> applied = new ArrayList<>(applied(database, end.getKey()));
            List<Long> more = new ArrayList<>(applied);
            expected.forEach(more::remove);
            applied.forEach(expected::remove);
            missing += expected.size();
            doubled += more.size();
        }
        return "missing " + missing + ", doubled " + doubled;
    }

    private static List<Long> applied(TestDatabase database, TopicPartition partition) {
        return database
                .query("select record_offset from applied where topic = '" + partition.topic() + "' and partition = "
                        + partition.partition() + " order by seq")
                .stream()
                .map(Long::valueOf)
                .toList();
    }

    private static List<Long> expected(TestDatabase database, String group, TopicPartition partition, long end) {
        List<Long> expected = new ArrayList<>();
        long position = 0;
        for (String move : database.query("select from_offset, to_offset from tidemark.audit_log where group_id = '"
                + group + "' and topic = '" + partition.topic() + "' and partition = " + partition.partition()
                + " and action in ('reset', 'undo', 'manual_move') order by id")) {
            String[] columns = move.split("\\|");
            for (long offset = position; offset < Long.parseLong(columns[0]); offset++) {
                expected.add(offset);
            }
            position = Long.parseLong(columns[1]);
        }
        for (long offset = position; offset < end; offset++) {
            expected.add(offset);
        }
        return expected;
    }
}
