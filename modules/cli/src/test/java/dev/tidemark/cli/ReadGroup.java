package dev.tidemark.cli;

import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.apache.kafka.common.TopicPartition;

/** A group that has read a topic of its own name, two partitions with 100 records each, and stopped. */
final class ReadGroup {
    final KafkaServer kafka = Servers.kafka();
    final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    final String name = kafka.createTopic(Servers.unique("moved-by-command"), 2);
    final TopicPartition zero = new TopicPartition(name, 0);
    final TopicPartition one = new TopicPartition(name, 1);

    private ReadGroup() {}

    static ReadGroup make() {
        ReadGroup group = new ReadGroup();
        group.produce();
        try (Running running = Running.start(
                group.database,
                group.kafka.consumerConfig(group.name, "cooperative"),
                builder -> builder.topics(group.name).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(group.database, group.name) == 200);
            running.until(
                    "lag is known",
                    () -> group.database.number("select count(*) from tidemark.consumer_lag where log_end_offset = 100")
                            == 2);
        }
        return group;
    }

    /** 100 more in each partition. */
    void produce() {
        try (var producer = kafka.producer()) {
            Servers.produceTo(producer, zero, Flights.sample().subList(0, 100));
            Servers.produceTo(producer, one, Flights.sample().subList(100, 200));
        }
    }

    Cli cli() {
        return Cli.on(database, kafka);
    }

    /** The stored offsets of both partitions. */
    List<Long> stored() {
        return List.of(ExactlyOnce.stored(database, name, zero), ExactlyOnce.stored(database, name, one));
    }

    /** Moves both manually. */
    void store(long first, long second) {
        database.owner()
                .execute(
                        "update tidemark.stored_offset set next_offset = " + first + " where partition = 0",
                        "update tidemark.stored_offset set next_offset = " + second + " where partition = 1");
    }
}
