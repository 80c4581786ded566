package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.Running;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A lock on the far side of a foreign table ends in a time limit here, whatever lock_timeout says: Tidemark waits for it as well. */
@Tag("exhaustive")
class RemoteLockIT extends FailureCase {
    /** How the handler reaches the other side. */
    enum Far {
        FOREIGN_TABLE("update far_total set n = n + 1 where k = ?"),
        /** The handler only reads. */
        FOREIGN_ROW("select from far_total where k = ? for update"),
        DBLINK("select far_add(?)");

        private final String sql;

        Far(String sql) {
            this.sql = sql;
        }
    }

    /** What ends the wait here. */
    enum Limit {
        OF_ROLE,
        OF_HANDLER,
        DEADLINE
    }

    private Running start(FailurePolicy policy, Far far, Limit limit, int needs, AtomicInteger tries) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(
                                limit == Limit.DEADLINE
                                        ? UnitLimits.defaults().withDeadline(Duration.ofSeconds(1))
                                        : UnitLimits.defaults())
                        .onFailure(policy)
                        .handle((record, tx) -> {
                            tx.execute("insert into public.done values (?)", record.offset());
                            if (limit == Limit.OF_HANDLER) {
                                tx.execute("set local statement_timeout = '300ms'");
                            }
                            if (record.offset() == needs) {
                                tries.incrementAndGet();
                            }
                            tx.execute(far.sql, record.offset() == needs ? 0 : 1);
                        }));
    }

    /** Whether it has neighbours or comes alone. */
    @ParameterizedTest
    @CsvSource({
        "20, 5, FOREIGN_TABLE, OF_ROLE, park",
        "1, 0, FOREIGN_TABLE, OF_ROLE, skip",
        "1, 0, FOREIGN_TABLE, OF_HANDLER, park",
        "1, 0, FOREIGN_TABLE, DEADLINE, skip",
        "1, 0, FOREIGN_ROW, OF_ROLE, park",
        "20, 5, FOREIGN_ROW, OF_HANDLER, skip",
        "1, 0, DBLINK, OF_ROLE, skip"
    })
    void aRowThatIsHeldOnTheFarSideIsWaitedFor(int records, int needs, Far far, Limit limit, String policy)
            throws SQLException {
        // Before 17, dblink waits without the server knowing.
        assumeTrue(
                far != Far.DBLINK || database.number("select current_setting('server_version_num')::int") >= 170_000);
        nearbyServer();
        database.owner()
                .execute("create table total (k int primary key, n bigint)", "insert into total values (0, 0), (1, 0)");
        database.superuser()
                .execute(
                        "create foreign table far_total (k int, n bigint) server near options (table_name 'total')",
                        "grant select, update on far_total to public");
        if (far == Far.DBLINK) {
            database.superuser()
                    .execute(
                            "create extension dblink",
                            "create function far_add(k bigint) returns text language sql security definer as"
                                    + " $$ select dblink_exec('near', 'update total set n = n + 1 where k = ' || k) $$");
        }
        if (limit == Limit.OF_ROLE) {
            database.superuser()
                    .execute("alter role " + database.writer().role() + " in database " + database.name()
                            + " set statement_timeout = '1s'");
        }
        send(0, records);
        AtomicInteger tries = new AtomicInteger();
        try (Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute("update total set n = n where k = 0");
            FailurePolicy giving = policy.equals("skip") ? FailurePolicy.skip() : FailurePolicy.park();
            try (Running running = start(giving, far, limit, needs, tries)) {
                running.until("it waits, or goes on without it", () -> tries.get() > 8 || stored() > needs);
                assertThat(givenUp()).isEmpty();
                person.rollback();
                running.until("all read", () -> stored() == records);
            }
        }
        assertDone(records, Set.of());
        assertThat(givenUp()).isEmpty();
    }
}
