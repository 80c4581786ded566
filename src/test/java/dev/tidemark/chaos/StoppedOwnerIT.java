package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A process is stopped inside an open unit, with its effects written and their rows locked, for longer than its session lasts. Its
 * successor continues while it is still stopped; awake again, it finds itself fenced.
 */
@Order(1) // its tests take longest
@Tag("chaos")
@Tag("exhaustive")
class StoppedOwnerIT {
    @ParameterizedTest(name = "{0}, silent inside a COPY: {1}")
    @CsvSource({"eager,false", "cooperative,false", "consumer,false", "cooperative,true"})
    void theSuccessorGoesOnWhileTheOwnerIsStopped(String protocol, boolean copying) {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        database.owner().execute("create table copied (line text)");
        String topic = kafka.createTopic(Servers.unique("stopped"), 2);
        List<Flight> flights = Flights.sample().subList(0, 5_000);
        Map<String, Object> config = kafka.consumerConfig(topic, protocol);
        try (var producer = kafka.producer();
                ConsumerFleet stopped = new ConsumerFleet(
                        config,
                        database,
                        topic,
                        Map.of("handler", "wait", "copying", Boolean.toString(copying), "records", "100"));
                ConsumerFleet successor = new ConsumerFleet(config, database, topic, Map.of())) {
            Servers.produce(producer, topic, flights);
            ChildJvm owner = stopped.start();
            Awaitility.await("an open unit").until(() -> owner.output().contains("UNIT OPEN"));
            owner.freeze();
            long begin = System.nanoTime();
            successor.start(1);
            Awaitility.await("the successor goes on")
                    .until(() -> ExactlyOnce.progress(database, topic) == flights.size());
            assertThat(owner.isAlive()).as("the owner is only stopped").isTrue();
            System.out.printf(
                    "taken over and finished after %.1f s, session timeout %d s, %s%n",
                    (System.nanoTime() - begin) / 1e9,
                    KafkaServer.QUICK_SESSION_TIMEOUT.toSeconds(),
                    copying ? "inside a COPY" : "idle in transaction");

            owner.thaw();
            owner.send("");
            Awaitility.await("the owner's unit ends").until(() -> owner.output().contains("UNIT GOES ON"));
            // Whatever it reads now it reads as a member again; every further unit is let through.
            Awaitility.await("the owner notices")
                    .until(() -> owner.output().contains("claims are gone")
                            || owner.output().contains("lost group")
                            || owner.output().contains("retrying"));
            ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights));
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights));
    }
}
