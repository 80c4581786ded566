package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.testkit.Running;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A lock on the far side of a foreign table ends in a time limit here, whatever lock_timeout says: Tidemark waits for it as well. */
class RemoteLockIT extends FailureCase {
    @Test
    void aRowThatIsHeldOnTheFarSideIsWaitedFor() throws SQLException {
        nearbyServer();
        database.owner()
                .execute("create table total (k int primary key, n bigint)", "insert into total values (0, 0), (1, 0)");
        database.superuser()
                .execute(
                        "create foreign table far_total (k int, n bigint) server near options (table_name 'total')",
                        "grant select, update on far_total to public",
                        "alter role " + database.writer().role() + " in database " + database.name()
                                + " set statement_timeout = '1s'");
        send(0, 20);
        AtomicInteger retries = new AtomicInteger();
        try (Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute("update total set n = n where k = 0");
            try (Running running = start(
                    FailurePolicy.park(),
                    (record, tx) ->
                            tx.execute("update far_total set n = n + 1 where k = ?", record.offset() == 5 ? 0 : 1))) {
                running.until("it waits, or goes on without it", () -> {
                    boolean waits = running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.RETRYING);
                    return retries.addAndGet(waits ? 1 : 0) > 60 || stored() > 5;
                });
                assertThat(givenUp()).isEmpty();
                person.rollback();
                running.until("all read", () -> stored() == 20);
            }
        }
        assertDone(20, Set.of());
    }
}
