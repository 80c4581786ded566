package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.FailureAction;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** One line a change of state, all of one form, with the group and the partition in the MDC. */
@Tag("exhaustive")
class LogLinesIT {
    private static final Logger HANDLER = LoggerFactory.getLogger("dev.tidemark.test.handler");

    /** Words, then keys with values: plain, quoted, or a list. */
    private static final Pattern FORM =
            Pattern.compile("[A-Za-z', ]+( [a-z_]+=(\"[^\"]*\"|\\[[^\\]]*\\]|[^\\s\"\\[]+))+");

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("lines"), 2);
    private final TopicPartition p0 = new TopicPartition(topic, 0);
    private final TopicPartition p1 = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 500);
    private final AtomicBoolean refused = new AtomicBoolean();

    private static List<ILoggingEvent> lines(LogCapture log, String beginning) {
        return log.news().stream()
                .filter(line -> line.getFormattedMessage().startsWith(beginning + " "))
                .toList();
    }

    private static void assertAbout(ILoggingEvent line, TopicPartition partition) {
        assertThat(line.getMDCPropertyMap()).containsEntry("partition", partition.toString());
        assertThat(line.getFormattedMessage()).contains(" partition=" + partition);
    }

    private void run(LogCapture log) {
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .onFailure(failure ->
                                        failure.record().partition() == 0 ? FailureAction.park() : FailureAction.halt())
                                .handleBatch((records, tx) -> {
                                    HANDLER.info("handling");
                                    MDC.clear();
                                    if (!refused.getAndSet(true)) {
                                        throw new SQLException("not \"now\"", "40001");
                                    }
                                    FlightEffects.foldBatch(records, tx);
                                    if (records.stream().anyMatch(r -> r.offset() == 100 || r.offset() == 101)) {
                                        throw new IllegalStateException("bad \"record\"");
                                    }
                                }))) {
            Servers.produceTo(producer, p0, flights);
            running.until("all read", () -> ExactlyOnce.stored(database, topic, p0) == flights.size());
            database.owner().execute("update tidemark.stored_offset set next_offset = 490 where partition = 0");
            running.until(
                    "followed",
                    () -> lines(log, "fenced").size() == 1
                            && ExactlyOnce.stored(database, topic, p0) == flights.size());
            Servers.produceTo(producer, p1, flights);
            running.until("halted", () -> lines(log, "halted").size() == 1);
        }
    }

    @Test
    void everyLineHasOneFormAndItsContext() {
        try (LogCapture log = LogCapture.of(topic)) {
            run(log);
            assertThat(log.news()).isNotEmpty().allSatisfy(line -> {
                assertThat(line.getFormattedMessage()).matches(FORM);
                assertThat(line.getFormattedMessage()).contains(" group=" + topic);
                assertThat(line.getThreadName()).startsWith("tidemark-" + topic);
                assertThat(line.getMDCPropertyMap()).containsEntry("group", topic);
            });
            assertThat(log.news()).as("nothing per record").hasSizeLessThan(30);
            assertThat(log.by(HANDLER.getName()))
                    .isNotEmpty()
                    .allSatisfy(line -> assertThat(line.getMDCPropertyMap()).isEqualTo(Map.of("group", topic)));

            for (String beginning : List.of("running", "assigned", "revoked", "stopped")) {
                assertThat(lines(log, beginning)).as(beginning).hasSize(1);
                assertThat(lines(log, beginning).get(0).getMDCPropertyMap()).doesNotContainKey("partition");
            }
            assertAbout(lines(log, "retrying").get(0), p0);
            assertAbout(lines(log, "recovered").get(0), p0);
            assertThat(lines(log, "gave up a record"))
                    .as("the second is no news")
                    .hasSize(1);
            assertAbout(lines(log, "gave up a record").get(0), p0);
            assertThat(lines(log, "gave up a record").get(0).getFormattedMessage())
                    .contains(" offset=100 ")
                    .contains(" code=TM-502 ");
            assertThat(lines(log, "fenced")).hasSize(1);
            assertAbout(lines(log, "fenced").get(0), p0);
            assertThat(lines(log, "fenced").get(0).getFormattedMessage()).contains(" code=TM-402 ");
            ILoggingEvent halted = lines(log, "halted").get(0);
            assertAbout(halted, p1);
            assertThat(halted.getLevel()).isEqualTo(Level.ERROR);
            assertThat(halted.getFormattedMessage()).contains(" code=TM-502 error=\"group " + topic + ": the handler");
        }
    }

    /** As {@code reset --to-current} does it, and an UPDATE by hand. */
    @Test
    void aMoveToWhereItWasIsNoWarning() {
        String many = kafka.createTopic(topic + "-many", 7);
        try (var producer = kafka.producer();
                LogCapture log = LogCapture.of(topic);
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(many).workers(3).handleBatch(FlightEffects::foldBatch))) {
            Servers.produce(producer, many, flights);
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            TidemarkAdmin admin =
                    TidemarkAdmin.of(database.as(DatabaseRole.OPERATOR).dataSource());
            admin.execute(admin.planReset(topic, OffsetTarget.current(), PartitionSelection.all()));
            running.until("followed", () -> lines(log, "fenced").size() == 7);
            database.owner().execute("update tidemark.stored_offset set next_offset = next_offset");
            running.until("followed again", () -> lines(log, "fenced").size() == 14);
            assertThat(lines(log, "fenced"))
                    .allSatisfy(line ->
                            assertThat(line.getFormattedMessage()).matches(FORM).contains(" code=TM-402 "));
            assertThat(lines(log, "fenced")).noneMatch(line -> line.getLevel().isGreaterOrEqual(Level.WARN));
            database.owner().execute("update tidemark.stored_offset set next_offset = 0 where partition = 3");
            running.until("read again", () -> lines(log, "fenced").size() == 15);
            assertThat(lines(log, "fenced").get(14).getLevel()).isEqualTo(Level.WARN);
        }
    }

    /** One that gets nothing says so once: the group has as many members as partitions. */
    @Test
    void aMemberWithoutPartitionsSaysThatItWaits() {
        try (Running one = reading();
                Running two = reading()) {
            one.until("both read", () -> assigned(one) == 1 && assigned(two) == 1);
            try (LogCapture log = LogCapture.of(topic);
                    Running three = reading()) {
                three.until(
                        "it says so", () -> lines(log, "waiting for partitions").size() == 1);
                ILoggingEvent line = lines(log, "waiting for partitions").get(0);
                assertThat(line.getFormattedMessage()).matches(FORM).contains("joined=", "session_timeout=", "died");
                assertThat(lines(log, "running").get(0).getFormattedMessage()).contains(" workers=3 ");
            }
        }
    }

    private static int assigned(Running running) {
        return running.consumer().status().partitions().size();
    }

    private Running reading() {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).workers(3).handleBatch(FlightEffects::foldBatch));
    }
}
