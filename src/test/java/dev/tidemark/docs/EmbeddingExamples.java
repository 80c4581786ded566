package dev.tidemark.docs;

import de.bytefish.pgbulkinsert.PgBulkInsert;
import de.bytefish.pgbulkinsert.mapping.AbstractMapping;
import dev.tidemark.GapPolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.StartPosition;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.sql.SqlJob;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.postgresql.PGConnection;

/** The code that docs/embedding.md shows, so that it compiles. Each example continues with a builder. */
final class EmbeddingExamples {
    private EmbeddingExamples() {}

    static void pattern(TidemarkBuilder<String, String> builder) {
        // docs: pattern
        builder.topicPattern(Pattern.compile("flights-.*")).startAt(StartPosition.latest());
        // docs: end
    }

    static void partitions(TidemarkBuilder<String, String> builder) {
        // docs: partitions
        builder.partitions(new TopicPartition("flights", 0), new TopicPartition("flights", 1));
        // docs: end
    }

    static void untilEnd(TidemarkBuilder<String, String> builder, RecordHandler<String, String> handler) {
        // docs: until-end
        try (var job = builder.topics("flights").untilEnd().handle(handler)) {
            job.run(); // returns at the end of the logs
        }
        // docs: end
    }

    static void gap(TidemarkBuilder<String, String> builder) {
        // docs: gap
        builder.onGap(GapPolicy.resumeAtEarliest());
        // docs: end
    }

    static void mirror(TidemarkBuilder<String, String> builder) {
        // docs: mirror
        builder.mirrorToKafka();
        // docs: end
    }

    static void strict(TidemarkBuilder<String, String> builder) {
        // docs: strict
        builder.strictTopicIdentity();
        // docs: end
    }

    static void store(TidemarkBuilder<String, String> builder) {
        // docs: store
        builder.storeId(UUID.fromString("8b0c1f4e-6a0f-4c0e-9d53-0a6a0c1d2e3f"));
        // docs: end
    }

    static void silence(TidemarkBuilder<String, String> builder) {
        // docs: silence
        builder.networkTimeout(Duration.ofSeconds(5));
        // docs: end
    }

    static TidemarkConsumer sqlJob(TidemarkBuilder<byte[], byte[]> flights) throws IOException {
        // docs: sql-job
        return flights.handleBatch(SqlJob.read(Path.of("airport_delay.sql")));
        // docs: end
    }

    /** A flight as the topic holds it. */
    record Flight(String date, int delay, int distance, String origin, String destination) {}

    // docs: copy-rows
    static final class FlightRows extends AbstractMapping<Flight> {
        FlightRows() {
            super("public", "flight");
            mapText("origin", Flight::origin);
            mapText("destination", Flight::destination);
            mapTimeStamp("flown", flight -> LocalDateTime.parse(flight.date()));
            mapIntegerPrimitive("delay", Flight::delay);
            mapIntegerPrimitive("distance", Flight::distance);
        }
    }
    // docs: end

    /** Run by {@link CopyIT}. */
    static TidemarkConsumer copy(TidemarkBuilder<String, Flight> builder) {
        // docs: copy
        var rows = new PgBulkInsert<>(new FlightRows()); // all workers may share it
        var flights = builder.handleBatch((records, tx) -> rows.saveAll(
                tx.getConnection().unwrap(PGConnection.class), records.stream().map(ConsumerRecord::value)));
        // docs: end
        return flights;
    }
}
