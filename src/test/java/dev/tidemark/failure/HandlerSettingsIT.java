package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a handler does to its session or transaction neither gives up a record nor is retried without end. */
class HandlerSettingsIT extends FailureCase {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "set transaction read only",
                "set local transaction_read_only = on",
                "set local statement_timeout = 1",
                "set statement_timeout = 1",
                "set datestyle = 'SQL, DMY'"
            })
    void isAppliedOrHalts(String sql) {
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7) {
                tx.execute(sql);
            }
        })) {
            running.until("all read, or halted", () -> stored() == 20 || isHalted(running));
        } catch (RuntimeException halted) {
            assertThat(halted).hasMessageContaining("TM-50");
        }
        assertThat(stored()).matches(n -> n <= 7 || n == 20);
        assertThat(givenUp()).isEmpty();
    }

    /** The session keeps the table of record 7; on another connection, 17 succeeds as well. */
    @Test
    void aTemporaryTableOfAnEarlierRecordIsNoFaultOfALaterOne() {
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() % 10 == 7) {
                tx.execute("create temp table staging (n int)");
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }
}
