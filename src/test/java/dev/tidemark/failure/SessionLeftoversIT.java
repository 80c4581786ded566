package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a record's handler leaves in the database session gives up no other record. */
@Tag("exhaustive")
class SessionLeftoversIT {
    private static final int RECORDS = 40;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("session"), 1);

    @BeforeEach
    void table() {
        database.owner().execute("create table written (n int)");
    }

    private void send(int from, int to) {
        try (var producer = kafka.producer()) {
            for (int n = from; n < to; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, Integer.toString(n)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create temp table passing (n int)",
                "prepare passing as select 1",
                "set search_path = nowhere",
                "set standard_conforming_strings = off; prepare passing as select 1",
                "set default_transaction_read_only = on",
                "set default_transaction_isolation = 'serializable'; create temp table passing (n int primary key)",
                "set statement_timeout = '30s'; declare passing cursor with hold for select 1"
            })
    void isNoOtherRecordsFailure(String statement) {
        send(0, RECORDS);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(4))
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> {
                            tx.execute("insert into written values (?)", record.offset());
                            if (record.offset() % 10 == 7) {
                                for (String part : statement.split(";")) {
                                    tx.execute(part);
                                }
                            }
                        }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            // One by one, so that connections go back to the pool between them.
            for (int n = RECORDS; n < RECORDS + 18; n++) {
                send(n, n + 1);
                int sent = n + 1;
                running.until("read " + n, () -> ExactlyOnce.progress(database, topic) == sent);
            }
        }
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
        List<String> all =
                IntStream.range(0, RECORDS + 18).mapToObj(Integer::toString).toList();
        assertThat(database.query("select n from written order by n")).isEqualTo(all);
    }
}
