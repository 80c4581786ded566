package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.admin.OffsetPlanner.Choice;
import dev.tidemark.admin.OffsetPlanner.MoveTo;
import dev.tidemark.admin.OffsetPlanner.Refuse;
import dev.tidemark.internal.admin.KafkaLog.Log;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where each selector leads, for a partition whose log goes from 10 to 50, with 30 at the asked time. */
class OffsetPlannerTest {
    private static final TopicPartition PARTITION = new TopicPartition("flights", 3);
    private static final Log LOG = new Log(10, 50, 30);

    private static OffsetTarget selector(String words) {
        String[] parts = words.split(" ");
        return switch (parts[0]) {
            case "earliest" -> OffsetTarget.earliest();
            case "latest" -> OffsetTarget.latest();
            case "since" -> OffsetTarget.since(Instant.EPOCH);
            case "current" -> OffsetTarget.current();
            case "to" -> OffsetTarget.offset(Long.parseLong(parts[1]));
            case "by" -> OffsetTarget.shiftBy(Long.parseLong(parts[1]));
            case "given" -> OffsetTarget.offsets(Map.of(PARTITION, Long.parseLong(parts[1])));
            default -> OffsetTarget.offsets(Map.of(new TopicPartition("flights", 0), 1L));
        };
    }

    private static String told(Choice choice) {
        return choice instanceof MoveTo to ? to.offset() + (to.note().isEmpty() ? "" : " noted") : "refused";
    }

    @ParameterizedTest
    @ValueSource(strings = {"to -1", "given -1", "to -9223372036854775808"})
    void aNegativeOffsetIsNoTarget(String words) {
        assertThatThrownBy(() -> selector(words))
                .hasMessageStartingWith("TM-103")
                .hasMessageContaining("negative");
    }

    @ParameterizedTest
    @CsvSource({
        // selector, stored, with the log, without it
        "earliest, 40, 10, refused",
        "latest, 40, 50, refused",
        "since, 40, 30, refused",
        "current, 40, 40, 40",
        "current, 70, 70, 70",
        "to 10, 40, 10, 10",
        "to 50, 40, 50, 50",
        "to 9, 40, refused, 9",
        "to 51, 40, refused, 51",
        "given 10, 40, 10, 10",
        "given 50, 40, 50, 50",
        "given 9, 40, refused, 9",
        "given 51, 40, refused, 51",
        "others, 40, refused, refused",
        "by 0, 40, 40, 40",
        "by 10, 40, 50, 50",
        "by 11, 40, 50 noted, 51",
        "by -30, 40, 10, 10",
        "by -31, 40, 10 noted, 9",
        "by -41, 40, 10 noted, refused",
        "by 5, 0, 10 noted, 5",
        "by 9223372036854775807, 40, refused, refused",
        "by -9223372036854775808, 40, 10 noted, refused"
    })
    void eachSelectorLeadsSomewhere(String words, long stored, String withLog, String without) {
        assertThat(told(OffsetPlanner.choose(selector(words), PARTITION, stored, LOG)))
                .isEqualTo(withLog);
        assertThat(told(OffsetPlanner.choose(selector(words), PARTITION, stored, null)))
                .isEqualTo(without);
    }

    @Test
    void aRefusalNamesThePartitionTheOffsetAndTheLog() {
        Choice refused = OffsetPlanner.choose(OffsetTarget.offset(51), PARTITION, 40, LOG);
        assertThat(((Refuse) refused).why())
                .isEqualTo("topic flights partition 3: offset 51 is outside the log, which goes from 10 to 50");
        Choice clamped = OffsetPlanner.choose(OffsetTarget.shiftBy(99), PARTITION, 40, LOG);
        assertThat(((MoveTo) clamped).note())
                .isEqualTo("topic flights partition 3: 139 is beyond the log, so it is set to its end, 50");
    }
}
