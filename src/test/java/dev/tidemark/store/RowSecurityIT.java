package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Row level security hides rows without an error, a pause for example: a store in which it is active is refused. */
@Tag("exhaustive")
class RowSecurityIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("secured"), 1);

    private void assertRefused(Throwable failure, String table) {
        assertThat(failure)
                .isInstanceOf(OffsetStoreException.class)
                .hasMessageStartingWith("TM-213: ")
                .hasMessageContaining("role tidemark_writer")
                .hasMessageContaining("alter table tidemark." + table + " disable row level security");
    }

    private Running start(DatabaseLogin login) {
        return Running.start(
                login.pool(5),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch));
    }

    private void produce() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 50));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "store_info",
                "topic_binding",
                "stored_offset",
                "log_end",
                "dead_letter",
                "partition_state",
                "consumer_pause",
                "audit_log"
            })
    @Provokes(ErrorCode.ROWS_HIDDEN)
    void noTableMayHideRows(String table) {
        database.owner().execute("alter table tidemark." + table + " enable row level security");
        TidemarkException failure =
                Running.failureToStart(kafka.consumerConfig(topic, "cooperative"), database.jdbcUrl());
        assertRefused(failure, table);
        // The statement that the message proposes.
        String fix = failure.getMessage().replaceFirst("(?s).*(alter table .*?);.*", "$1");
        database.owner().execute(fix);
        produce();
        try (Running running = start(database.writer())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 50);
        }
    }

    @Test
    void aConsumerThatRunsEndsInsteadOfMissingAPause() {
        produce();
        try (Running running = start(database.writer())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 50);
            database.owner().execute("alter table tidemark.consumer_pause enable row level security");
            assertRefused(running.failure(), "consumer_pause");
        }
    }

    @Test
    void aMissingRowOfAClaimIsNotTakenForADeletedOne() throws SQLException {
        produce();
        try (Running running = start(database.writer())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 50);
        }
        database.owner().execute("alter table tidemark.stored_offset enable row level security");
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            assertThatThrownBy(() -> OffsetStore.of(topic).claim(c, List.of(new TopicPartition(topic, 0))))
                    .satisfies(failure -> assertRefused(failure, "stored_offset"));
            c.rollback();
        }
    }

    /** The functions of the store run as its owner, who is subject only if that is forced. */
    @Test
    void whoIsExemptWorksUnlessTheOwnerIsNot() {
        String role = "exempt_in_" + database.name();
        database.superuser()
                .execute(
                        "create role " + role + " login bypassrls password '" + Canary.PASSWORD.plant() + "'",
                        "grant select, insert, update, delete on all tables in schema public to " + role);
        try {
            database.owner()
                    .execute(
                            "select tidemark.grant_access('" + role + "', 'writer')",
                            "alter table tidemark.stored_offset enable row level security",
                            "alter table tidemark.consumer_pause enable row level security");
            produce();
            try (Running running = start(database.as(role))) {
                running.until(
                        "all read",
                        () -> database.owner().number("select sum(next_offset) from tidemark.stored_offset") == 50);
            }
            TidemarkAdmin owner = TidemarkAdmin.of(database.owner().dataSource());
            assertThat(owner.describe(topic)).hasSize(1);
            database.owner().execute("alter table tidemark.consumer_pause force row level security");
            assertThatThrownBy(() ->
                            TidemarkAdmin.of(database.as(role).dataSource()).planPause(topic, PartitionSelection.all()))
                    .hasMessageStartingWith("TM-213: ")
                    .hasMessageContaining("role tidemark_owner")
                    .hasMessageContaining("alter table tidemark.consumer_pause disable row level security")
                    .message()
                    .doesNotContain("stored_offset");
        } finally {
            database.superuser().execute("drop owned by " + role, "drop role " + role);
        }
    }

    @Test
    void tablesOfEffectsAreTheirOwners() {
        database.owner()
                .execute(
                        "alter table applied enable row level security",
                        "create policy all_rows on applied using (true) with check (true)");
        produce();
        try (Running running = start(database.writer())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 50);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }
}
