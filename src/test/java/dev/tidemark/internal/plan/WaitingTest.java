package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import java.time.Duration;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a wait is worth a note. */
class WaitingTest {
    @ParameterizedTest
    @CsvSource({
        // since, seconds later; long
        "0, 3, false",
        "0, 4, true",
        "-9000000000, 3, false",
        "-9000000000, 4, true",
        "9000000000, 0, false",
        "9000000000, 4, true"
    })
    void aMomentIsNot(long since, long later, boolean isLong) {
        Waiting waiting = new Waiting(
                new TopicPartition("flights", 0),
                OptionalLong.empty(),
                Duration.ofSeconds(since).toNanos(),
                new TidemarkException(ErrorCode.UNIT_WAITS, "waits", null),
                "waits",
                false,
                false);
        assertThat(waiting.isLong(Duration.ofSeconds(since + later).toNanos())).isEqualTo(isLong);
    }
}
