package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.PartitionState;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A group that is busy in two processes is put back to an instant: both follow within seconds, and every effect is exact. */
@Tag("exhaustive")
@Tag("chaos")
class ResetWhileBusyIT {
    private static final int PARTITIONS = 4;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("reset"), PARTITIONS);
    private final List<Flight> flights = Flights.sample().subList(0, 1_000);

    @Test
    void aBusyGroupGoesBackToAnInstant() {
        try (var producer = kafka.producer();
                Running first = start();
                Running second = start()) {
            first.until("both have partitions", () -> owners() == 2);
            Load load = Load.startEndless(producer, topic, flights, 1_000);
            first.until("some are read", () -> ExactlyOnce.progress(database, topic) >= 3_000);
            Instant instant = Instant.now();
            first.until("more are read", () -> ExactlyOnce.progress(database, topic) >= 8_000);
            first.until("newer ones are read in each partition", () -> areBehind(offsetsAt(instant)));

            Map<TopicPartition, Long> target = offsetsAt(instant);
            resetTo(target, instant);
            Awaitility.await("both follow")
                    .until(() -> hasFollowed(first) && hasFollowed(second) && owned() == PARTITIONS);
            load.stop();
            long sent = kafka.logEnds(topic, PARTITIONS).values().stream()
                    .mapToLong(end -> end)
                    .sum();
            first.until("all read", () -> ExactlyOnce.progress(database, topic) == sent);

            ExactlyOnce.assertEffectsMatchOffsets(database, topic);
            assertThat(database.query("select partition, to_offset, from_offset > to_offset, reason, by_role"
                            + " from tidemark.audit_log where action = 'reset' order by partition"))
                    .containsExactlyElementsOf(target.entrySet().stream()
                            .map(e -> e.getKey().partition() + "|" + e.getValue() + "|t|to-datetime " + instant + "|"
                                    + database.owner().role())
                            .toList());
            assertThat(database.query("select count(distinct change_id), count(*) from tidemark.audit_log"))
                    .as("one change, and nothing else")
                    .containsExactly("1|" + PARTITIONS);
        }
    }

    private Running start() {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(50))
                        .handleBatch(FlightEffects::foldBatch));
    }

    /** Where each partition's first record is that is not older. */
    private Map<TopicPartition, Long> offsetsAt(Instant instant) {
        Map<TopicPartition, OffsetSpec> asked = IntStream.range(0, PARTITIONS)
                .boxed()
                .collect(Collectors.toMap(
                        p -> new TopicPartition(topic, p), p -> OffsetSpec.forTimestamp(instant.toEpochMilli())));
        Map<TopicPartition, Long> offsets = new TreeMap<>((a, b) -> Integer.compare(a.partition(), b.partition()));
        KafkaServer.get(kafka.admin().listOffsets(asked).all())
                .forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    /** Whether there are such offsets, and the group is beyond all of them. */
    private boolean areBehind(Map<TopicPartition, Long> offsets) {
        return offsets.entrySet().stream()
                .allMatch(e -> e.getValue() >= 0 && ExactlyOnce.stored(database, topic, e.getKey()) > e.getValue());
    }

    /** One transaction: the rows are locked, so that no unit commits in between; the old effects go; the offsets move. */
    private void resetTo(Map<TopicPartition, Long> target, Instant instant) {
        StringBuilder sql = new StringBuilder("begin; select 1 from tidemark.stored_offset where group_id = '" + topic
                + "' order by topic, partition for no key update;");
        target.forEach((partition, offset) -> sql.append(" delete from applied where partition = ")
                .append(partition.partition())
                .append(" and record_offset >= ")
                .append(offset)
                .append("; select tidemark.reset_offset('")
                .append(topic)
                .append("', '")
                .append(topic)
                .append("', ")
                .append(partition.partition())
                .append(", ")
                .append(offset)
                .append(", 'to-datetime ")
                .append(instant)
                .append("');"));
        database.owner().execute(sql.append(" commit").toString());
    }

    private static boolean hasFollowed(Running running) {
        return running.consumer().status().partitions().stream()
                .allMatch(p -> p.state() == PartitionState.RUNNING && p.fences() == 1);
    }

    private long owners() {
        return database.number("select coalesce(max(owners), 0) from tidemark.consumer_group");
    }

    private long owned() {
        return database.number("select owned_partitions from tidemark.consumer_group");
    }
}
