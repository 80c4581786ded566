package dev.tidemark.versions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.Tidemark;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.ExactlyOnceAfterMoves;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.lang.reflect.InvocationTargetException;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The oldest kafka-clients that Tidemark runs with, those between, and one that it refuses. */
@Tag("exhaustive")
class OlderKafkaIT {
    private static final String ARTIFACT = "kafka-clients";

    /** Reads, is fenced by a move, shares with a second consumer and hands over to it; two protocols, so that each closes. */
    @ParameterizedTest
    @CsvSource({"4.0, cooperative", "4.0, consumer", "4.1, consumer", "4.2, consumer"})
    void run(String version, String protocol) {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic(Servers.unique("older"), 2);
        TopicPartition moved = new TopicPartition(topic, 0);
        List<Flight> flights = Flights.sample().subList(0, 50);
        Map<String, String> settings = Map.of("classPath", OlderLibraries.classPath(version, ARTIFACT));
        try (KafkaProducer<String, String> producer = kafka.producer();
                ConsumerFleet fleet =
                        new ConsumerFleet(kafka.consumerConfig(topic, protocol), database, topic, settings)) {
            produce(producer, topic, flights);
            ChildJvm first = fleet.start();
            await(first, "all read", () -> ExactlyOnce.progress(database, topic) == 100);
            assertThat(first.output()).contains("KAFKA " + version + ".");

            database.owner()
                    .execute("update tidemark.stored_offset set next_offset = 20 where topic = '" + topic
                            + "' and partition = 0");
            await(first, "read again", () -> ExactlyOnce.stored(database, topic, moved) == 50);
            assertThat(first.output()).contains("TM-402");

            ChildJvm second = fleet.start();
            await(second, "both read", () -> owners(database, topic) == 2);
            produce(producer, topic, flights);
            await(second, "all read", () -> ExactlyOnce.progress(database, topic) == 200);
            assertThat(first.terminate(180)).isEqualTo(143);
            // The second gets what the first had, which shows that the first has left the group.
            produce(producer, topic, flights);
            await(second, "all read", () -> ExactlyOnce.progress(database, topic) == 300);
            assertThat(second.terminate(180)).isEqualTo(143);
            assertThat(first.output() + second.output()).doesNotContain("ERROR", "Error:");
        }
        ExactlyOnceAfterMoves.assertComplete(database, topic, Map.of(moved, 150L, new TopicPartition(topic, 1), 150L));
    }

    private static void produce(KafkaProducer<String, String> producer, String topic, List<Flight> flights) {
        Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
        Servers.produceTo(producer, new TopicPartition(topic, 1), flights);
    }

    private static void await(ChildJvm child, String what, Callable<Boolean> holds) {
        Awaitility.await(what).until(() -> {
            assertThat(child.isAlive()).as(child.output()).isTrue();
            return holds.call();
        });
    }

    private static long owners(TestDatabase database, String topic) {
        return database.number(
                "select count(distinct owner_name) from tidemark.stored_offset where topic = '" + topic + "'");
    }

    /** When it is built, and by whatever is built. */
    @ParameterizedTest
    @ValueSource(strings = {"consumer", "claimingConsumer", "admin"})
    @Provokes(ErrorCode.LIBRARY_TOO_OLD)
    void isRefused(String what) throws Exception {
        try (URLClassLoader loader = OlderLibraries.loader("3.9", ARTIFACT)) {
            assertThatThrownBy(() -> build(loader, what))
                    .hasMessageStartingWith("TM-105")
                    .hasMessageContainingAll("kafka-clients", "3.9.1", "4.0");
        }
    }

    private static void build(ClassLoader loader, String what) throws Throwable {
        try {
            loader.loadClass(Built.class.getName()).getDeclaredMethod(what).invoke(null);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** Loaded again, beside the older library. */
    public static final class Built {
        private static final Map<String, String> KAFKA = Map.of("bootstrap.servers", "localhost:1", "group.id", "g");
        private static final DataSource DATABASE = new PGSimpleDataSource();

        private Built() {}

        public static void consumer() {
            var unused = Tidemark.consumer(KAFKA).topics("t").database(DATABASE).handle((record, tx) -> {});
        }

        public static void claimingConsumer() {
            var unused = Tidemark.claimingConsumer(KAFKA)
                    .topics("t")
                    .database(DATABASE)
                    .open();
        }

        public static void admin() {
            var unused = TidemarkAdmin.builder(DATABASE).kafka(KAFKA).build();
        }
    }
}
