package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where healthy records write no rows, bad ones far apart are still not bad ones in a row. */
@Tag("exhaustive")
class SuccessWithoutRowsIT extends FailureCase {
    @ParameterizedTest
    @ValueSource(
            strings = {"insert into there values (?) on conflict do nothing", "select pg_notify('x', ?::text)", ""})
    void tenBadRecordsFarApartAreSkipped(String sql) {
        database.owner()
                .execute(
                        "create table there (n bigint primary key)",
                        "insert into there select generate_series(0, 500)");
        send(0, 500);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.skip()).handle((record, tx) -> {
                    if (record.offset() % 50 == 7) {
                        throw new IllegalArgumentException("bad");
                    }
                    if (!sql.isEmpty()) {
                        tx.execute(sql, record.offset());
                    }
                }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 500);
        }
        assertThat(givenUp()).hasSize(10);
    }
}
