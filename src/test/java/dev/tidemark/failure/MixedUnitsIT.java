package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.util.concurrent.Semaphore;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What one topic's records write is not a success of another topic's records in the same unit, which wrote nothing. */
@Tag("exhaustive")
class MixedUnitsIT extends FailureCase {
    private final String broken = kafka.createTopic(Servers.unique("broken"), 1);

    @Test
    void aBrokenTopicIsNotEmptiedOneByOne() {
        Semaphore gate = new Semaphore(0);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic, broken)
                        .workers(1)
                        .onFailure(FailurePolicy.skip())
                        .handle((record, tx) -> {
                            if (record.topic().equals(topic)) {
                                tx.execute("insert into done values (?)", record.offset());
                                if (record.value().equals("wait")) {
                                    gate.acquire();
                                }
                            } else if (record.value().equals("real")) {
                                tx.execute("insert into gone values (1)");
                            }
                        }))) {
            for (int round = 0; round < 6; round++) {
                long given = round * 5L;
                sendTo(broken, "real");
                running.until("given up, or halted", () -> stored() == given + 1 || isHalted(running));
                if (isHalted(running)) {
                    break;
                }
                sendTo(topic, "wait");
                Awaitility.await("it has that one").until(() -> gate.hasQueuedThreads());
                sendTo(topic, "go on");
                sendTo(broken, "of no interest", "of no interest");
                Awaitility.await("all are there")
                        .until(() -> running.consumer().status().queue().records() >= 3);
                gate.release();
                running.until("all read, or halted", () -> stored() == given + 5 || isHalted(running));
            }
            assertThat(isHalted(running)).isTrue();
        }
        assertThat(givenUp()).hasSizeLessThanOrEqualTo(3);
    }
}
