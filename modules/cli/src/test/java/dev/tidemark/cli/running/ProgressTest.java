package dev.tidemark.cli.running;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What a run shows of its progress. */
class ProgressTest {
    private static final long SECOND = 1_000_000_000L;

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
        assertThat(progress.look(0, 0, List.of()))
                .hasToString("0 records/s  lag unknown  0 partitions: waiting for the group; the partitions of a member"
                        + " that died come free after session.timeout.ms");
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
        assertThat(progress.look(70 * SECOND, 25_000, List.of()))
                .as("they were taken away, or everything is read")
                .hasToString("0 records/s  lag unknown  0 partitions");
    }

    @Test
    void timesHaveTheirTwoLargestUnits() {
        assertThat(Progress.words(Duration.ofSeconds(59))).isEqualTo("59 s");
        assertThat(Progress.words(Duration.ofSeconds(100))).isEqualTo("1 min 40 s");
        assertThat(Progress.words(Duration.ofSeconds(3 * 86_400 + 7_300))).isEqualTo("3 d 2 h");
    }
}
