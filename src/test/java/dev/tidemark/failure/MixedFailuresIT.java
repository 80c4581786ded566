package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.RecordHandler;
import dev.tidemark.testkit.Running;
import java.sql.SQLException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An outage in which each record fails in another way is an outage all the same. */
@Tag("exhaustive")
class MixedFailuresIT extends FailureCase {
    private final AtomicBoolean outage = new AtomicBoolean();

    private static void fail(long which) throws Exception {
        switch ((int) (which % 6)) {
            case 0 -> throw new IllegalArgumentException();
            case 1 -> throw new IllegalStateException();
            case 2 -> throw new NullPointerException();
            case 3 -> throw new IllegalStateException(new ClassCastException());
            case 4 -> throw new SQLException("no such table", "42P01");
            default -> throw new SQLException("no such function", "42883");
        }
    }

    private Running start(String name, int workers, boolean batches) {
        RecordHandler<String, String> handler = (record, tx) -> {
            if (outage.get() || record.value().equals("bad")) {
                fail(record.offset() + 4L * record.partition());
            }
            tx.execute("insert into public.done values (?)", record.offset());
        };
        return Running.start(database, kafka.consumerConfig(name, "cooperative"), builder -> {
            var all = builder.topics(name).workers(workers).onFailure(FailurePolicy.park());
            return batches
                    ? all.handleBatch((records, tx) -> {
                        for (var record : records) {
                            handler.handle(record, tx);
                        }
                    })
                    : all.handle(handler);
        });
    }

    private long next() {
        return database.number("select coalesce(sum(next_offset), 0) from tidemark.stored_offset");
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false", "1, 1, true", "8, 4, false", "8, 4, true"})
    void noMoreThanThreeAreGivenUp(int partitions, int workers, boolean batches) {
        String name = kafka.createTopic(topic + "-" + partitions, partitions);
        try (var producer = kafka.batchingProducer();
                Running running = start(name, workers, batches)) {
            for (int i = 0; i < partitions; i++) {
                var unused = producer.send(new ProducerRecord<>(name, i, null, "good"));
            }
            producer.flush();
            running.until("it works", () -> next() == partitions);
            outage.set(true);
            for (int i = 0; i < 48; i++) {
                var unused = producer.send(new ProducerRecord<>(name, i % partitions, null, "good"));
            }
            producer.flush();
            try {
                running.until(
                        "all halt",
                        () -> running.consumer().status().partitions().stream()
                                .allMatch(partition -> partition.state() == PartitionState.HALTED));
            } catch (CompletionException e) {
                assertThat(e).hasMessageContaining("TM-505");
            }
        }
        assertThat(givenUp()).hasSizeBetween(1, 3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void badRecordsOfManyKindsBetweenGoodOnesAreAllParked(boolean singly) {
        try (Running running = start(topic, 1, false)) {
            for (int i = 0; i < 12; i++) {
                int end = 2 * i + 2;
                sendTo(topic, "good", "bad");
                if (singly) {
                    running.until("read", () -> stored() == end);
                }
            }
            running.until("all read", () -> stored() == 24);
        }
        assertThat(givenUp()).hasSize(12);
    }
}
