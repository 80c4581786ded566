package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A record that ends the process which handles it, and partitions that only look as if they held one. */
@Order(1) // takes longest
@Tag("chaos")
@Tag("exhaustive")
class DeadlyRecordIT {
    private static final int DEADLY = 7;
    private static final int RECORDS = 40;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("deadly"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);

    private void produce() {
        try (var producer = kafka.producer()) {
            for (Flight flight : flights) {
                for (int partition = 0; partition < 2; partition++) {
                    var unused = producer.send(new ProducerRecord<>(topic, partition, flight.origin(), flight.json()));
                }
            }
        }
    }

    private Map<String, Object> config() {
        // The next process need not wait until the dead one is missed.
        Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
        config.put("session.timeout.ms", "1500");
        config.put("heartbeat.interval.ms", "300");
        return config;
    }

    /** Processes of this follow one another as one member, so that the next one need not wait, and none is missed while it works. */
    private Map<String, Object> configOfOneMember() {
        Map<String, Object> config = config();
        config.put("group.instance.id", "one");
        config.put("session.timeout.ms", "240000");
        return config;
    }

    private long stored(int partition) {
        return ExactlyOnce.stored(database, topic, new TopicPartition(topic, partition));
    }

    private boolean hasHalted() {
        return database.query("select error_code from tidemark.partition_state where partition = 0")
                .contains("TM-504");
    }

    @Provokes(ErrorCode.RECORD_KILLS)
    @Test
    void afterItsThirdVictimUnderSuspicionItsPartitionHalts() {
        produce();
        try (ConsumerFleet fleet = new ConsumerFleet(
                configOfOneMember(), database, topic, Map.of("handler", "deadly", "deadly", "0@" + DEADLY))) {
            Victims victims = new Victims();
            ChildJvm process = fleet.start();
            while (!hasHalted()) {
                ChildJvm current = process;
                Awaitility.await("the process dies, or its partition halts")
                        .until(() -> !current.isAlive() || hasHalted());
                if (!current.isAlive()) {
                    victims.add(stored(0), fleet.outputs());
                    process = fleet.start();
                }
            }
            victims.assertEnough();
            // One that still made progress does not count.
            assertThat(database.query("select suspect_offset, suspect_attempts from tidemark.partition_state"
                            + " where partition = 0"))
                    .as("three victims, and the one that was not tried")
                    .containsExactly(DEADLY + "|4");
            Awaitility.await("the other partition goes on").until(() -> stored(1) == RECORDS);
            assertThat(process.isAlive()).isTrue();
            assertThat(stored(0)).isEqualTo(DEADLY);
            ExactlyOnce.assertEffectsMatchOffsets(database, topic);
            assertThat(database.query("select error_text from tidemark.partition_state where partition = 0"))
                    .singleElement()
                    .asString()
                    .contains("3 processes")
                    .contains("offset " + DEADLY)
                    .contains("next_offset to " + (DEADLY + 1));

            database.owner()
                    .execute(
                            "update tidemark.stored_offset set next_offset = " + (DEADLY + 1) + " where partition = 0");
            Awaitility.await("it goes on without the record").until(() -> stored(0) == RECORDS);
            assertThat(process.terminate(180)).as("it ends orderly").isEqualTo(143);
        }
        assertThat(database.query("select partition, count(*), count(distinct record_offset) from applied"
                        + " group by 1 order by 1"))
                .containsExactly("0|" + (RECORDS - 1) + "|" + (RECORDS - 1), "1|" + RECORDS + "|" + RECORDS);
    }

    @Test
    void killsAndRebalancesAloneHaltNothing() {
        // An idle partition whose owners were killed again and again, and never gave it back.
        produce();
        try (Running running = start()) {
            running.until("all read", () -> stored(0) == RECORDS && stored(1) == RECORDS);
        }
        Random random = Seeds.random("DeadlyRecordIT");
        try (ConsumerFleet fleet = new ConsumerFleet(config(), database, topic, Map.of())) {
            long atFirst = ownerEpochs();
            fleet.start(2);
            awaitClaims(fleet, atFirst);
            // A claim that was given back in order begins the count anew, so that some kills are not enough.
            for (int kill = 1; kill <= 20 || claimsWithoutProgress() < 3; kill++) {
                assertThat(kill).as("kills").isLessThan(200);
                long before = ownerEpochs();
                fleet.replaceOne(random);
                awaitClaims(fleet, before);
            }
            produce();
            Awaitility.await("all read, one by one at first")
                    .until(() -> stored(0) == 2 * RECORDS && stored(1) == 2 * RECORDS);
            assertThat(fleet.terminate()).isTrue();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(database.query("select 1 from tidemark.partition_state where halted_at is not null"))
                .isEmpty();
    }

    private void awaitClaims(ConsumerFleet fleet, long before) {
        Awaitility.await("a rebalance, and a claim\n" + fleet.outputs()).until(() -> ownerEpochs() > before);
    }

    private long claimsWithoutProgress() {
        return database.number("select max(owner_epoch - progress_epoch) from tidemark.stored_offset");
    }

    private long ownerEpochs() {
        return database.number("select sum(owner_epoch) from tidemark.stored_offset");
    }

    private Running start() {
        return Running.start(
                database, config(), builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch));
    }
}
