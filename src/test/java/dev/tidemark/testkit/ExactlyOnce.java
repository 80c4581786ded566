package dev.tidemark.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.kafka.common.TopicPartition;

/** The promise, as a check: every record below the stored offset has taken effect once, in order, and nothing else has. */
public final class ExactlyOnce {
    private ExactlyOnce() {}

    /** Nothing twice, nothing missing below the stored offsets, nothing above them. Holds at any time between transactions. */
    public static void assertEffectsMatchOffsets(TestDatabase database, String group) {
        assertThat(database.query("select topic, partition, record_offset, count(*) from applied"
                        + " group by 1, 2, 3 having count(*) > 1"))
                .as("records applied more than once")
                .isEmpty();
        assertThat(database.query("select o.topic, o.partition, o.next_offset, count(a.record_offset)"
                        + " from tidemark.stored_offset o left join applied a using (topic, partition)"
                        + " where o.group_id = '" + group + "' group by 1, 2, 3"
                        + " having count(a.record_offset) <> o.next_offset"
                        + " or coalesce(max(a.record_offset) + 1, 0) <> o.next_offset"))
                .as("partitions whose effects are not the log below the stored offset")
                .isEmpty();
        assertThat(database.query("select a.topic, a.partition, a.record_offset from (select topic, partition,"
                        + " record_offset, lag(record_offset) over (partition by topic, partition order by seq) as before"
                        + " from applied) a where a.before >= a.record_offset"))
                .as("records applied out of order")
                .isEmpty();
    }

    /** All of the log, exactly once. */
    public static void assertComplete(
            TestDatabase database, String group, Map<TopicPartition, Long> logEnds, Map<String, Airport> truth) {
        assertEffectsMatchOffsets(database, group);
        logEnds.forEach((partition, end) -> assertThat(stored(database, group, partition))
                .as("stored offset of " + partition)
                .isEqualTo(end));
        assertThat(FlightEffects.airports(database)).as("the fold").isEqualTo(truth);
    }

    /** These records of a partition, each once and in this order, and no others of it. For logs with holes, or not read from 0. */
    public static void assertApplied(TestDatabase database, TopicPartition partition, LongStream offsets) {
        assertThat(database.query("select record_offset from applied where topic = '" + partition.topic()
                        + "' and partition = " + partition.partition() + " order by seq"))
                .as("records of " + partition + " that took effect")
                .containsExactlyElementsOf(offsets.mapToObj(Long::toString).toList());
    }

    public static long stored(TestDatabase database, String group, TopicPartition partition) {
        return database.number("select coalesce(max(next_offset), 0) from tidemark.stored_offset where group_id = '"
                + group + "' and topic = '" + partition.topic() + "' and partition = " + partition.partition());
    }

    /** How many records the group has behind it, over all topics. */
    public static long progress(TestDatabase database, String group) {
        return database.number(
                "select coalesce(sum(next_offset), 0) from tidemark.stored_offset where group_id = '" + group + "'");
    }
}
