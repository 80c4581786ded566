package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A failure that the handler's own clean-up, or its swallowing, hides behind 25P02 is still the failure that it was. */
@Tag("exhaustive")
class HiddenFailuresIT extends FailureCase {
    private static void raise(Handle tx, String state) {
        tx.execute("do $$ begin raise exception using errcode = '" + state + "'; end $$");
    }

    private static void raiseAndCleanUp(Handle tx, String state) {
        try {
            raise(tx, state);
        } finally {
            tx.execute("reset work_mem");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"40P01", "40001", "55P03", "53200"})
    void whatPassesIsWaitedForBehindACleanUp(String state) {
        AtomicBoolean once = new AtomicBoolean();
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7 && once.compareAndSet(false, true)) {
                raiseAndCleanUp(tx, state);
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertDone(20, Set.of());
    }

    @ParameterizedTest
    @ValueSource(strings = {"40P01", "40001"})
    void whatPassesIsWaitedForWhereTheHandlerSwallowsIt(String state) {
        AtomicBoolean once = new AtomicBoolean();
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7 && once.compareAndSet(false, true)) {
                try {
                    raise(tx, state);
                } catch (RuntimeException e) {
                    assertThat(e).isNotNull();
                }
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertDone(20, Set.of());
    }

    /** Clean-up by SQL after a failed statement is the handler's mistake; it hides what failed. */
    @Test
    void anyOtherFailureBehindACleanUpHalts() {
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7) {
                raiseAndCleanUp(tx, "22012");
            }
        })) {
            assertThat(running.failure()).hasMessageContaining("TM-501");
        }
        assertThat(givenUp()).isEmpty();
    }
}
