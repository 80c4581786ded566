package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class TimeArgumentTest {
    private static final ZoneId TOKYO = ZoneId.of("Asia/Tokyo");

    @ParameterizedTest
    @CsvSource({"90s, PT90S", "30m, PT30M", "2H, PT2H", "7d, P7D", "PT1H30M, PT1H30M", "p2d, P2D", " 5m , PT5M"})
    void aDuration(String said, Duration meant) {
        assertThat(TimeArgument.parse(said, TOKYO)).isEqualTo(new TimeArgument(meant, null));
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-24T09:00:00Z, 2026-11-24T09:00:00Z",
        "2026-11-24T09:00:00+01:00, 2026-11-24T08:00:00Z",
        "2026-11-24T09:00, 2026-11-24T00:00:00Z",
        "2026-11-24T09:00:30.5, 2026-11-24T00:00:30.5Z",
        "2026-11-24, 2026-11-23T15:00:00Z"
    })
    void aTime(String said, Instant meant) {
        assertThat(TimeArgument.parse(said, TOKYO)).isEqualTo(new TimeArgument(null, meant));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "7", "7w", "-7d", "P-1D", "PT", "yesterday", "2026-13-01", "24.11.2026", "2026-11-24 09:00"})
    void nothingElse(String said) {
        assertThatThrownBy(() -> TimeArgument.parse(said, TOKYO))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'" + said + "'")
                .hasMessageContaining("90m");
    }

    @Test
    void aDayIsTwentyFourHours() {
        assertThat(TimeArgument.parse("1d", TOKYO).ago()).isEqualTo(Duration.ofHours(24));
    }
}
