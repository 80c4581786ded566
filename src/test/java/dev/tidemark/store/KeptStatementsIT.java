package dev.tidemark.store;

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
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The server keeps the store's statements prepared where nothing is between it and the driver, and may lose them at any time. */
class KeptStatementsIT {
    private static final int RECORDS = 60;
    private static final String KEPT =
            "select count(*) from pg_prepared_statements where statement like '%stored_offset%' and name like 'S\\_%'";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("kept"), 2);

    @BeforeEach
    void records() {
        database.owner()
                .execute(
                        "create table written (partition int, n int, kept int)",
                        "grant all on written to public",
                        "create function count_kept() returns int language sql as $$ " + KEPT + " $$");
        try (var producer = kafka.producer()) {
            for (int n = 0; n < RECORDS; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, n % 2, null, Integer.toString(n)));
            }
        }
    }

    private Running start(String url, Effect effect) {
        return Running.start(
                TestDatabase.pool(url, 3),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .workers(1)
                        .limits(UnitLimits.defaults().withMaxRecords(2))
                        .onFailure(FailurePolicy.halt())
                        .handle((record, tx) -> {
                            tx.execute(
                                    "insert into written values (?, ?, count_kept())",
                                    record.partition(),
                                    Integer.parseInt(record.value()));
                            effect.of(record.offset(), tx);
                        }));
    }

    private interface Effect {
        void of(long offset, Handle tx);
    }

    private void assertEachOnce() {
        List<String> all =
                IntStream.range(0, RECORDS).mapToObj(Integer::toString).toList();
        assertThat(database.query("select n from written order by n")).isEqualTo(all);
        assertThat(database.query("select n from written order by partition, ctid"))
                .isEqualTo(database.query("select n from written order by partition, n"));
    }

    /** What the URL says holds for the store as for handlers. */
    @ParameterizedTest
    @CsvSource({"'', true", "&prepareThreshold=1, true", "&prepareThreshold=0, false", "&preferQueryMode=simple, false"
    })
    void theServerKeepsThemUnlessTheUrlForbidsIt(String setting, boolean kept) {
        String url = database.writer().jdbcUrl() + setting;
        try (Running running = start(url, (offset, tx) -> {})) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertEachOnce();
        assertThat(database.number("select max(kept) from written") > 0).isEqualTo(kept);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "deallocate all",
                "do $$ begin execute 'deallocate all'; end $$",
                "do $$ declare s text; begin for s in select name from pg_prepared_statements loop"
                        + " execute format('deallocate %I', s); end loop; end $$"
            })
    @Tag("exhaustive")
    void aHandlerMayTakeThemAway(String statement) {
        try (Running running = start(database.writer().jdbcUrl(), (offset, tx) -> {
            if (offset == 20) {
                tx.execute(statement);
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertEachOnce();
    }

    /** It is prepared again; nobody need restart. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "alter table tidemark.stored_offset add column more int",
                "create index later on tidemark.stored_offset (owner_name)",
                "vacuum full tidemark.stored_offset",
                "reindex table tidemark.stored_offset",
                "analyze tidemark.stored_offset"
            })
    @Tag("exhaustive")
    void ddlOnTheirTableStopsNothing(String ddl) {
        boolean[] done = {false};
        try (Running running = start(database.writer().jdbcUrl(), (offset, tx) -> {
            if (offset == 20) {
                done[0] = true;
            }
        })) {
            running.until("halfway", () -> done[0]);
            database.superuser().execute("set lock_timeout = '60s'", ddl);
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertEachOnce();
    }

    @Test
    @Tag("exhaustive")
    void aNewSessionPreparesThemAnew() {
        try (Running running = start(database.writer().jdbcUrl(), (offset, tx) -> {
            if (offset % 10 == 9) {
                database.superuser()
                        .execute(
                                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tidemark_writer'"
                                        + " and state = 'idle' and datname = current_database()");
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertEachOnce();
        assertThat(database.number("select max(kept) from written")).isPositive();
    }
}
