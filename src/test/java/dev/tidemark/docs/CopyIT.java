package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import de.bytefish.pgbulkinsert.PgBulkInsert;
import dev.tidemark.FailurePolicy;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.docs.EmbeddingExamples.Flight;
import dev.tidemark.docs.EmbeddingExamples.FlightRows;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

/** Binary COPY from a handler, as the docs show it: it is part of the unit like any other statement, also where it fails. */
class CopyIT {
    private static final int RECORDS = 3_000;
    private static final int BAD = 1_500;
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("copy"), 2);
    private final List<Flight> flights =
            Flights.sample().stream().map(f -> read(f.json())).toList();

    CopyIT() {
        // No unique constraint, so that a doubled row is seen and not hidden.
        database.owner()
                .execute("create table flight (flown timestamp not null, delay int, distance int"
                        + " constraint distance_is_positive check (distance > 0), origin text, destination text)");
    }

    /** How the bad record makes its COPY fail. */
    private enum Failure {
        IN_A_ROW("de.bytefish.pgbulkinsert.exceptions.SaveEntityFailedException", "someday") {
            @Override
            Flight spoil(Flight f) {
                return new Flight("someday", f.delay(), f.distance(), f.origin(), f.destination());
            }
        },
        BETWEEN_ROWS("java.lang.IllegalArgumentException", "between rows") {
            @Override
            Flight spoil(Flight f) {
                return new Flight(f.date(), f.delay(), f.distance(), "", f.destination());
            }
        },
        CONSTRAINT("de.bytefish.pgbulkinsert.exceptions.BinaryWriteFailedException", "distance_is_positive") {
            @Override
            Flight spoil(Flight f) {
                return new Flight(f.date(), f.delay(), -1, f.origin(), f.destination());
            }
        },
        ZERO_CHARACTER("de.bytefish.pgbulkinsert.exceptions.BinaryWriteFailedException", "invalid byte sequence") {
            @Override
            Flight spoil(Flight f) {
                return new Flight(f.date(), f.delay(), f.distance(), "A\u0000B", f.destination());
            }
        };

        private final String type;
        private final String message;

        Failure(String type, String message) {
            this.type = type;
            this.message = message;
        }

        abstract Flight spoil(Flight flight);
    }

    private static Flight read(String json) {
        try {
            return JSON.readValue(json, Flight.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Deserializer<Flight> flightDeserializer() {
        return (name, bytes) -> {
            try {
                return JSON.readValue(bytes, Flight.class);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    private void produce(List<Flight> sent) throws IOException {
        try (var producer = kafka.producer()) {
            for (int i = 0; i < sent.size(); i++) {
                var unused =
                        producer.send(new ProducerRecord<>(topic, i % 2, null, JSON.writeValueAsString(sent.get(i))));
            }
        }
        assertThat(kafka.logEnds(topic, 2).values()).containsOnly((long) sent.size() / 2);
    }

    private Running start(Function<TidemarkBuilder<String, Flight>, TidemarkConsumer> handled) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> handled.apply(builder.topics(topic)
                        .workers(2)
                        .onFailure(FailurePolicy.park())
                        // A unit is as large as what waits, however slow the machine is.
                        .limits(UnitLimits.defaults().withMaxDuration(Duration.ofMinutes(5)))
                        .deserializers(StringDeserializer::new, CopyIT::flightDeserializer)));
    }

    private void untilAllRead(Running running, int records) {
        running.until("all read", () -> ExactlyOnce.progress(database, topic) == records);
    }

    private void assertRows(List<Flight> expected) {
        List<String> rows = new ArrayList<>(
                database.query("select to_char(flown, 'YYYY-MM-DD\"T\"HH24:MI'), delay, distance, origin, destination"
                        + " from flight"));
        rows.sort(null);
        assertThat(rows)
                .isEqualTo(expected.stream()
                        .map(f -> String.join(
                                "|", f.date(), "" + f.delay(), "" + f.distance(), f.origin(), f.destination()))
                        .sorted()
                        .toList());
    }

    @Test
    void everyRecordBecomesOneRow() throws Exception {
        produce(flights);
        try (Running running = start(EmbeddingExamples::copy)) {
            untilAllRead(running, flights.size());
        }
        assertRows(flights);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource
    void aRecordThatFailsInsideACopyIsParkedAndItsNeighboursTakeEffect(Failure failure) throws Exception {
        List<Flight> sent = new ArrayList<>(flights.subList(0, RECORDS));
        sent.set(BAD, failure.spoil(sent.get(BAD)));
        produce(sent);
        PgBulkInsert<Flight> rows = new PgBulkInsert<>(new FlightRows());
        AtomicInteger mostBefore = new AtomicInteger();
        try (Running running = start(builder -> builder.handleBatch((records, tx) -> {
            AtomicInteger before = new AtomicInteger();
            rows.saveAll(
                    tx.getConnection().unwrap(PGConnection.class),
                    records.stream().map(record -> {
                        if (record.partition() == 0 && record.offset() == BAD / 2) {
                            mostBefore.accumulateAndGet(before.get(), Math::max);
                            if (failure == Failure.BETWEEN_ROWS) {
                                throw new IllegalArgumentException("between rows");
                            }
                        }
                        before.incrementAndGet();
                        return record.value();
                    }));
        }))) {
            untilAllRead(running, RECORDS);
            running.until("ready", () -> running.consumer().health().ready());
        }
        assertThat(mostBefore.get()).as("rows of the same COPY before it").isPositive();
        List<Flight> neighbours = new ArrayList<>(sent);
        neighbours.remove(BAD);
        assertRows(neighbours);
        assertThat(database.query(
                        "select partition, record_offset, error_code, attempts, split_part(error_class, ' ', 1),"
                                + " error_message || error_stack like '%" + failure.message
                                + "%' from tidemark.dead_letter"))
                .containsExactly("0|" + BAD / 2 + "|TM-502|1|" + failure.type + "|t");
    }

    /** The server replies with 08P01, as if the connection were broken, and continues. */
    @Test
    void aValueOfTheWrongLengthIsTheRecordsFailure() throws Exception {
        produce(flights.subList(0, RECORDS));
        byte[] shortDelay = ByteBuffer.allocate(19 + 2 + 4 + 2 + 2)
                .put("PGCOPY\n\u00ff\r\n\0".getBytes(StandardCharsets.ISO_8859_1))
                .putLong(0)
                .putShort((short) 1)
                .putInt(2)
                .putShort((short) 7)
                .putShort((short) -1)
                .array();
        try (Running running = start(builder -> builder.handleBatch((records, tx) -> {
            if (records.stream().anyMatch(record -> record.partition() == 0 && record.offset() == BAD / 2)) {
                tx.getConnection()
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn("copy flight (delay) from stdin (format binary)", new ByteArrayInputStream(shortDelay));
            }
        }))) {
            untilAllRead(running, RECORDS);
        }
        assertThat(database.query("select partition, record_offset, error_code from tidemark.dead_letter"))
                .containsExactly("0|" + BAD / 2 + "|TM-502");
    }

    @Test
    void aConnectionThatIsLostInsideACopyParksNothing() throws Exception {
        List<Flight> sent = flights.subList(0, RECORDS);
        produce(sent);
        PgBulkInsert<Flight> rows = new PgBulkInsert<>(new FlightRows());
        AtomicBoolean cut = new AtomicBoolean();
        try (Running running = start(builder -> builder.handleBatch((records, tx) -> {
            int backend =
                    tx.select("select pg_backend_pid()").mapTo(Integer.class).one();
            rows.saveAll(
                    tx.getConnection().unwrap(PGConnection.class),
                    records.stream().map(record -> {
                        if (record.offset() == BAD / 2 && cut.compareAndSet(false, true)) {
                            database.superuser().query("select pg_terminate_backend(" + backend + ", 10000)");
                        }
                        return record.value();
                    }));
        }))) {
            untilAllRead(running, RECORDS);
        }
        assertThat(cut).isTrue();
        assertRows(sent);
        assertThat(database.query("select 1 from tidemark.dead_letter")).isEmpty();
    }
}
