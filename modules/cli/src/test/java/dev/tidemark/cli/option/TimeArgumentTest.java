package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class TimeArgumentTest {
    @ParameterizedTest
    @CsvSource({
        "90s, PT90S",
        "30m, PT30M",
        "2H, PT2H",
        "7d, P7D",
        "PT1H30M, PT1H30M",
        "p2d, P2D",
        " 5m , PT5M",
        "2w, P14D",
        "1d12h, PT36H",
        "1h 30m, PT90M"
    })
    void aDuration(String said, Duration meant) {
        assertThat(TimeArgument.parse(said)).isEqualTo(new TimeArgument(said, meant, null));
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-24T09:00:00Z, 2026-11-24T09:00:00Z",
        "2026-11-24T09:00:00+01:00, 2026-11-24T08:00:00Z",
        "2026-11-24T09:00, 2026-11-24T09:00:00Z",
        "2026-11-24T09:00:30.5, 2026-11-24T09:00:30.5Z",
        "2026-11-24, 2026-11-24T00:00:00Z",
        "2026-11-24 09:00, 2026-11-24T09:00:00Z",
        "2026-11-24 09:00:01 +0100, 2026-11-24T08:00:01Z",
        "2026-11-24t09:00z, 2026-11-24T09:00:00Z",
        "2026-11-24 09:00 UTC, 2026-11-24T09:00:00Z",
        "2026-11-24T09:00+05, 2026-11-24T04:00:00Z",
        "2026-11-24+02:00, 2026-11-23T22:00:00Z"
    })
    void aTime(String said, Instant meant) {
        assertThat(TimeArgument.parse(said)).isEqualTo(new TimeArgument(said, null, meant));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "7",
                "PT",
                "yesterday",
                "2026-13-01",
                "2026-02-30",
                "24.11.2026",
                "2026-11-24 9:00",
                "2026-11-24T25:00",
                "09:00",
                "2026-11-24T09:00+",
                "2026-11-2409:00",
                "7d ago",
                "1h-30m",
                "1.5h",
                "NaN",
                "2026-11-24T09:00+25:00"
            })
    void nothingElse(String said) {
        assertThatThrownBy(() -> TimeArgument.parse(said))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'" + said + "'")
                .hasMessageContaining("90m");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-7d",
                "P-1D",
                "-PT1S",
                "106751991168d",
                "P106751991168D",
                "99999999999999999999s",
                "9223372036854775807w",
                "PT99999999999999999999H",
                "9223372036854775807s1s"
            })
    void aDurationOutOfRangeIsToldAsThat(String said) {
        assertThatThrownBy(() -> TimeArgument.parse(said))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("TM-103: '" + said + "' is out of range: a duration may be 0s to 106751991167d");
    }

    /** Both ways to write a duration reach as far. */
    @Test
    void theLongestDuration() {
        assertThat(TimeArgument.parse("106751991167d").ago()).isEqualTo(Duration.parse("P106751991167D"));
        assertThat(TimeArgument.parse("PT9223372036854775.807S").ago()).isEqualTo(Duration.ofMillis(Long.MAX_VALUE));
        assertThat(TimeArgument.parse("99999999999d").ago()).isEqualTo(Duration.ofDays(99_999_999_999L));
    }

    @Test
    void yearsOfAnyNumberOfDigits() {
        assertThat(TimeArgument.parse("99999-01-01").at()).isEqualTo(Instant.parse("+99999-01-01T00:00:00Z"));
        assertThat(TimeArgument.parse("-000001-01-01").at()).isEqualTo(Instant.parse("-0001-01-01T00:00:00Z"));
        assertThatThrownBy(() -> TimeArgument.parse("99999999999-01-01"))
                .hasMessageContaining("out of range: a year may be -999999999 to 999999999");
    }

    @Test
    void aDayIsTwentyFourHours() {
        assertThat(TimeArgument.parse("1d").ago()).isEqualTo(Duration.ofHours(24));
    }

    @Test
    void aLongTextIsNoDanger() {
        assertThat(TimeArgument.parse("1s".repeat(200_000)).ago()).isEqualTo(Duration.ofSeconds(200_000));
        String wrong = "1s".repeat(200_000) + "x";
        assertThatThrownBy(() -> TimeArgument.parse(wrong)).isInstanceOf(TypeConversionException.class);
    }
}
