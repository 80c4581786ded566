package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.admin.OffsetTarget;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

class SelectorOptionsTest {
    private static final Instant NOW = Instant.parse("2001-06-30T12:00:00Z");

    private static OffsetTarget parse(String... args) {
        SelectorOptions options = new SelectorOptions();
        new CommandLine(options).parseArgs(args);
        return options.chosen("group", NOW, SelectorOptions.NAMES);
    }

    @ParameterizedTest
    @CsvSource({
        "2001-06-30T09:00:00.000, 2001-06-30T09:00:00Z",
        "2001-06-30T09:00:00.123Z, 2001-06-30T09:00:00.123Z",
        "2001-06-30T09:00:00.000+02:00, 2001-06-30T07:00:00Z",
        "2001-06-30T09:00:00.000-0530, 2001-06-30T14:30:00Z",
        "2001-06-30T09:00:00.000+02, 2001-06-30T07:00:00Z",
        "2001-06-30T09:00:00, 2001-06-30T09:00:00Z",
        "2001-06-30T09:00, 2001-06-30T09:00:00Z",
        "2001-06-30, 2001-06-30T00:00:00Z",
        "2001-06-30 09:00, 2001-06-30T09:00:00Z",
        "3h, 2001-06-30T09:00:00Z"
    })
    void timesAreThoseOfKafkasTool(String text, String instant) {
        assertThat(parse("--to-datetime", text)).isEqualTo(OffsetTarget.since(Instant.parse(instant)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"yesterday", "2001-06-31T09:00:00.000", "2001-06-30T09:00:00.000+", "09:00"})
    void whatIsNoTimeIsRefused(String text) {
        assertThatThrownBy(() -> parse("--to-datetime", text))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining("TM-103")
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void eachHasItsWords() {
        assertThat(parse("--to-earliest")).isEqualTo(OffsetTarget.earliest());
        assertThat(parse("--to-latest")).isEqualTo(OffsetTarget.latest());
        assertThat(parse("--to-offset", "7")).isEqualTo(OffsetTarget.offset(7));
        assertThat(parse("--to-datetime", "2001-06-30T09:00:00.000"))
                .isEqualTo(OffsetTarget.since(Instant.parse("2001-06-30T09:00:00Z")));
        assertThat(parse("--by-duration", "P1DT2H"))
                .isEqualTo(OffsetTarget.since(Instant.parse("2001-06-29T10:00:00Z")));
        assertThat(parse("--by-duration", "26h")).isEqualTo(OffsetTarget.since(Instant.parse("2001-06-29T10:00:00Z")));
        assertThat(parse("--shift-by", "-100")).isEqualTo(OffsetTarget.shiftBy(-100));
        assertThat(parse("--shift-by=100")).isEqualTo(OffsetTarget.shiftBy(100));
        assertThat(parse("--to-current")).isEqualTo(OffsetTarget.current());
    }

    @Test
    void exactlyOneIsNeeded() {
        assertThatThrownBy(SelectorOptionsTest::parse).hasMessageContaining("exactly one of --to-earliest");
        assertThatThrownBy(() -> parse("--to-latest", "--to-offset", "1")).hasMessageContaining("exactly one");
        assertThatThrownBy(() -> parse("--by-duration", "-PT1H")).hasMessageContaining("out of range");
        assertThatThrownBy(() -> parse("--by-duration", "2001-06-30")).hasMessageContaining("is not a duration");
        assertThatThrownBy(() -> parse("--to-offset", "-5")).hasMessageContaining("from 0 to");
    }
}
