package dev.tidemark.failure;

import static dev.tidemark.failure.NamedPolicies.policy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A trigger or a rule that keeps a row out of the tables that records go to instead of their effects: no record is lost to it. */
@Tag("exhaustive")
class SuppressedRowsIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("suppressed"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, 30);

    private Throwable failure(String policy) {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                b -> b.topics(topic).onFailure(policy(policy)).handle((record, tx) -> {
                    if (record.offset() == 7) {
                        throw new IllegalArgumentException("the seventh");
                    }
                    FlightEffects.foldOne(record, tx);
                }))) {
            return running.failure();
        } finally {
            assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(7);
            assertThat(database.number("select count(*) from applied")).isEqualTo(7);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "dead_letter, trigger, park",
        "dead_letter, rule, park",
        "dead_letter, trigger, park key",
        "audit_log, trigger, park",
        "audit_log, trigger, skip",
        "audit_log, rule, skip"
    })
    void theRunEndsInsteadOfTheRecord(String table, String by, String policy) {
        database.owner()
                .execute(
                        by.equals("rule")
                                ? "create rule none as on insert to tidemark." + table + " do instead nothing"
                                : "create function drop_row() returns trigger language plpgsql as"
                                        + " $$ begin return null; end $$; create trigger drop_row before insert on tidemark."
                                        + table + " for each row execute function drop_row()");
        assertThat(failure(policy))
                .hasMessageContaining("TM-900")
                .hasMessageContaining("trigger or a rule on tidemark." + table);
    }

    /** Seen only at COMMIT, and not the handler's: it wrote nothing in that transaction. */
    @ParameterizedTest
    @CsvSource({"dead_letter, park", "dead_letter, park key", "audit_log, park", "audit_log, skip"})
    void aDeferredConstraintIsNotTheHandlers(String table, String policy) {
        database.owner()
                .execute(
                        "create table public.allowed (n integer primary key)",
                        "alter table tidemark." + table + " add column n integer default 7 references public.allowed"
                                + " deferrable initially deferred");
        assertThat(failure(policy))
                .hasMessageContaining("TM-900")
                .hasMessageContaining("a statement of the offset store failed")
                .hasMessageContaining("23503");
    }
}
