package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.RecordHandler;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;

/** Records 0, 1, 2 and so on of one partition, and what a handler did with them. */
public abstract class FailureCase {
    final KafkaServer kafka = Servers.kafka();
    final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    final String topic = kafka.createTopic(Servers.unique("failing"), 1);

    @BeforeEach
    void table() {
        database.owner().execute("create table done (n bigint)");
    }

    void send(int from, int to) {
        try (var producer = kafka.batchingProducer()) {
            for (int n = from; n < to; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, Integer.toString(n)));
            }
        }
    }

    /** They arrive together: whether a record has neighbours changes what becomes of it. */
    void sendTo(String name, String... values) {
        try (var producer = kafka.batchingProducer()) {
            for (String value : values) {
                var unused = producer.send(new ProducerRecord<>(name, 0, null, value));
            }
        }
    }

    /** Starts one whose handler notes each record, and then does what is given. */
    Running start(FailurePolicy policy, RecordHandler<String, String> then) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(policy).handle((record, tx) -> {
                    tx.execute("insert into public.done values (?)", record.offset());
                    then.handle(record, tx);
                }));
    }

    long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    List<String> givenUp() {
        return database.query("select record_offset from tidemark.dead_letter union all select from_offset from"
                + " tidemark.audit_log where action = 'skip' order by 1");
    }

    public static boolean isHalted(Running running) {
        return running.consumer().status().partitions().stream().anyMatch(p -> p.state() == PartitionState.HALTED);
    }

    void assertDone(int end, Set<Integer> without) {
        assertThat(database.query("select n from done order by n"))
                .isEqualTo(IntStream.range(0, end)
                        .filter(n -> !without.contains(n))
                        .mapToObj(Integer::toString)
                        .toList());
    }

    void nearbyServer() {
        database.superuser()
                .execute(
                        "create extension if not exists postgres_fdw",
                        "create server near foreign data wrapper postgres_fdw options (host 'localhost', port '"
                                + database.server().port() + "', dbname '" + database.name() + "')",
                        "create user mapping for public server near options"
                                + " (user 'postgres', password 'x', password_required 'false')");
    }
}
