package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.Running;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A handler that fails half of the time, whichever record it has, costs no healthy record. */
class FlakyByTimeIT extends FailureCase {
    @ParameterizedTest
    @ValueSource(ints = {60, 20})
    void noHealthyRecordIsGivenUp(int period) {
        send(0, 300);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withRecords(20))
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> {
                            tx.execute("insert into done values (?)", record.offset());
                            tx.execute("select pg_sleep(0.005)");
                            if (System.currentTimeMillis() / period % 2 == 0) {
                                throw new IllegalStateException("flaky");
                            }
                        }))) {
            running.until("all read, or halted", () -> stored() == 300 || isHalted(running));
        } catch (RuntimeException halted) {
            assertThat(halted).hasMessageContaining("TM-505");
        }
        assertThat(givenUp()).isEmpty();
    }
}
