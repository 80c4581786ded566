package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.BatchHandler;
import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.RecordHandler;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.internal.plan.Verdict;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Records that fail at the same time, in several workers and partitions. */
class VerdictsOverWorkersIT extends FailureCase {
    private static final int PARTITIONS = 8;

    /** One more partition rests, since a run ends where all have halted. */
    private final String eight = kafka.createTopic(Servers.unique("eight"), PARTITIONS + 1);

    private final AtomicBoolean away = new AtomicBoolean();

    private static FailurePolicy policy(String name) {
        return switch (name) {
            case "skip" -> FailurePolicy.skip();
            case "park key" -> FailurePolicy.parkKey();
            default -> FailurePolicy.park();
        };
    }

    private static TidemarkConsumer handling(
            TidemarkBuilder<String, String> builder, boolean inBatches, RecordHandler<String, String> handler) {
        BatchHandler<String, String> each = (records, tx) -> {
            for (var record : records) {
                handler.handle(record, tx);
            }
        };
        return inBatches ? builder.handleBatch(each) : builder.handle(handler);
    }

    private static long halted(Running running) {
        return running.consumer().status().partitions().stream()
                .filter(p -> p.state() == PartitionState.HALTED)
                .count();
    }

    private static void send(KafkaProducer<String, String> producer, String topic, int partition, String... values) {
        for (String value : values) {
            var unused = producer.send(new ProducerRecord<>(topic, partition, "key of " + value, value));
        }
        producer.flush();
    }

    /** Each worker has one that fails, and none knows yet what the others do with theirs. */
    @ParameterizedTest
    @CsvSource({"park, false", "skip, false", "park key, false", "park, true", "skip, true"})
    void atMostThreeInARowAreGivenUpByAllWorkersTogether(String policy, boolean inBatches) {
        try (Running running = Running.start(
                        database.pool(PARTITIONS + 6),
                        kafka.consumerConfig(eight, "cooperative"),
                        builder -> handling(
                                builder.topics(eight).workers(PARTITIONS).onFailure(policy(policy)),
                                inBatches,
                                (record, tx) -> {
                                    if (away.get() || record.value().equals("bad")) {
                                        // So that all of them fail before the first is given up.
                                        tx.execute("select pg_sleep(0.3)");
                                        throw new IllegalStateException("no licence");
                                    }
                                    tx.execute("insert into done values (?)", record.partition());
                                }));
                KafkaProducer<String, String> producer = kafka.producer()) {
            running.until(
                    "assigned", () -> running.consumer().status().partitions().size() == PARTITIONS + 1);
            send(producer, eight, 0, "bad", "good");
            running.until("one is given up", () -> ExactlyOnce.progress(database, eight) == 2);
            assertThat(givenUp()).hasSize(1);
            away.set(true);
            for (int p = 0; p < PARTITIONS; p++) {
                send(producer, eight, p, "good");
            }
            running.until("each halts or is given up", () -> halted(running) + givenUp().size() == PARTITIONS + 1);
        }
        assertThat(givenUp()).hasSizeLessThanOrEqualTo(1 + Verdict.MOST_WITHOUT_EVIDENCE);
    }
}
