package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.ErrorCode;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.RecordFailure;
import dev.tidemark.StartPosition;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** What run understands, and what it says of its progress. */
class RunWordsTest {
    private static final ZoneId NEPAL = ZoneId.of("Asia/Kathmandu");
    private static final long SECOND = 1_000_000_000L;

    @Test
    void startPositions() {
        assertThat(StartPositions.parse("earliest", NEPAL)).isEqualTo(StartPosition.earliest());
        assertThat(StartPositions.parse("LATEST", NEPAL)).isEqualTo(StartPosition.latest());
        assertThat(StartPositions.parse("committed", NEPAL)).isEqualTo(StartPosition.committed());
        assertThat(StartPositions.parse("7d", NEPAL)).isEqualTo(StartPosition.ago(Duration.ofDays(7)));
        assertThat(StartPositions.parse("2026-11-24T09:00:00Z", NEPAL))
                .isEqualTo(StartPosition.at(Instant.parse("2026-11-24T09:00:00Z")));
        assertThat(StartPositions.parse("2026-11-24T09:00", NEPAL))
                .isEqualTo(StartPosition.at(Instant.parse("2026-11-24T03:15:00Z")));
        assertThatThrownBy(() -> StartPositions.parse("soon", NEPAL))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("earliest");
    }

    private static String actions(FailurePolicy policy, int attempts) {
        List<String> actions = new ArrayList<>();
        for (int attempt = 1; attempt <= attempts; attempt++) {
            FailureAction action = policy.decide(new RecordFailure(
                    new ConsumerRecord<>("t", 0, 0, null, null), ErrorCode.HANDLER_FAILED, new Exception(), attempt));
            actions.add(
                    action instanceof FailureAction.Retry retry
                            ? "retry after " + retry.delay().toSeconds()
                            : action instanceof FailureAction.Park park
                                    ? park.holdKey() ? "park-key" : "park"
                                    : action instanceof FailureAction.Halt ? "halt" : "skip");
        }
        return String.join(", ", actions);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '>',
            value = {
                "park > park, park",
                "Park-Key > park-key, park-key",
                "skip > skip, skip",
                "halt > halt, halt",
                "retry=1,park > retry after 1, park",
                "retry=2,halt > retry after 1, retry after 2"
            })
    void failurePolicies(String text, String actions) {
        assertThat(actions(new FailurePolicies().convert(text), 2)).isEqualTo(actions);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "retry=2", "retry=0,park", "park,retry=1", "retry=x,park", "drop"})
    void whatIsNoFailurePolicy(String text) {
        assertThatThrownBy(() -> new FailurePolicies().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("retry=3,park");
    }

    private static PartitionStatus partition(int number, PartitionState state, long stored, long end) {
        return new PartitionStatus(
                new TopicPartition("t", number),
                state,
                OptionalLong.of(stored),
                end < 0 ? OptionalLong.empty() : OptionalLong.of(end),
                Optional.empty(),
                Optional.empty(),
                0,
                Optional.empty(),
                "me");
    }

    @Test
    void ratesAreOfTheLastTenSeconds() {
        Progress progress = new Progress();
        assertThat(progress.look(0, 0, List.of())).hasToString("0 records/s  lag unknown  0 partitions");
        List<PartitionStatus> one = List.of(partition(0, PartitionState.RUNNING, 5_000, 5_001_000));
        assertThat(progress.look(5 * SECOND, 5_000, one))
                .hasToString("1,000 records/s  lag 4,996,000  1 h 23 min left  1 partition");
        List<PartitionStatus> two = List.of(
                partition(0, PartitionState.RUNNING, 41_000, 42_000), partition(1, PartitionState.HALTED, 0, 1_000));
        for (int second = 6; second < 20; second++) {
            progress.look(second * SECOND, 5_000, two);
        }
        assertThat(progress.look(20 * SECOND, 25_000, two))
                .hasToString("2,000 records/s  lag 2,000  1 s left  2 partitions, 1 halted");
        assertThat(progress.look(21 * SECOND, 25_000, List.of(partition(0, PartitionState.RUNNING, 7, 7))))
                .hasToString("2,000 records/s  lag 0  1 partition");
        assertThat(progress.look(60 * SECOND, 25_000, List.of(partition(0, PartitionState.RUNNING, 7, -1))))
                .hasToString("0 records/s  lag unknown  1 partition");
    }

    @Test
    void timesHaveTheirTwoLargestUnits() {
        assertThat(Progress.words(Duration.ofSeconds(59))).isEqualTo("59 s");
        assertThat(Progress.words(Duration.ofSeconds(100))).isEqualTo("1 min 40 s");
        assertThat(Progress.words(Duration.ofSeconds(3 * 86_400 + 7_300))).isEqualTo("3 d 2 h");
    }
}
