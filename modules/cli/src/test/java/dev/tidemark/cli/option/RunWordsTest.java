package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordFailure;
import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** What run understands, and what it says of its progress. */
class RunWordsTest {
    @Test
    void startPositions() {
        assertThat(StartPositions.parse("earliest")).isEqualTo(StartPosition.earliest());
        assertThat(StartPositions.parse("LATEST")).isEqualTo(StartPosition.latest());
        assertThat(StartPositions.parse("committed")).isEqualTo(StartPosition.committed());
        assertThat(StartPositions.parse("7d")).isEqualTo(StartPosition.ago(Duration.ofDays(7)));
        assertThat(StartPositions.parse("2026-11-24T09:00:00Z"))
                .isEqualTo(StartPosition.at(Instant.parse("2026-11-24T09:00:00Z")));
        assertThat(StartPositions.parse("2026-11-24T09:00"))
                .isEqualTo(StartPosition.at(Instant.parse("2026-11-24T09:00:00Z")));
        assertThatThrownBy(() -> StartPositions.parse("soon"))
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
                            : action instanceof FailureAction.ParkKey
                                    ? "park-key"
                                    : action instanceof FailureAction.Park
                                            ? "park"
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
                "retry=2,halt > retry after 1, retry after 2",
                "retry=1 , park > retry after 1, park"
            })
    void failurePolicies(String text, String actions) {
        assertThat(actions(new FailurePolicies().convert(text), 2)).isEqualTo(actions);
    }

    /** Java's parser of patterns recurses. */
    @Test
    void aPatternThatIsTooDeepIsWrongInput() {
        String deep = "(".repeat(100_000) + "a" + ")".repeat(100_000);
        assertThatThrownBy(() -> new RunOptions.Patterns().convert(deep))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("nested too deeply")
                .message()
                .hasSizeLessThan(200);
        assertThatThrownBy(() -> new RunOptions.Patterns().convert("a("))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'a(' is not a regular expression");
        assertThat(new RunOptions.Patterns().convert("a|b.*").pattern()).isEqualTo("a|b.*");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "retry=2", "retry=0,park", "park,retry=1", "retry=x,park", "drop"})
    void whatIsNoFailurePolicy(String text) {
        assertThatThrownBy(() -> new FailurePolicies().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("retry=3,park");
    }
}
