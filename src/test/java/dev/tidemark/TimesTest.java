package dev.tidemark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.plan.Timestamps;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Times and durations that come in from outside: before 1970 is the earliest, out of range is TM-103. */
class TimesTest {
    private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

    private static void assertRefused(ThrowingCallable given) {
        assertThatThrownBy(given)
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING));
    }

    private static void assertBuilderRefuses(UnaryOperator<TidemarkBuilder<byte[], byte[]>> change) {
        assertRefused(() -> change.apply(Tidemark.<byte[], byte[]>consumer(
                                Map.<String, Object>of("bootstrap.servers", "localhost:9", "group.id", "g"))
                        .topics("t")
                        .database(new PGSimpleDataSource()))
                .handle((record, tx) -> {}));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, -2, -3, -4, -1_000, -62_135_596_800_000L, Long.MIN_VALUE})
    void beforeNineteenSeventyIsTheEarliest(long millis) {
        Instant instant = Instant.ofEpochMilli(millis);
        assertThat(StartPosition.at(instant)).isEqualTo(new StartPosition.At(instant));
        assertThat(Timestamps.lookup(instant)).isEmpty();
    }

    @Test
    void aPartOfAMillisecondBeforeNineteenSeventyToo() {
        assertThat(Timestamps.lookup(Instant.ofEpochSecond(-1, 999_999_999))).isEmpty();
        assertThat(Timestamps.lookup(Instant.ofEpochMilli(Long.MAX_VALUE).plusNanos(999_999)))
                .as("a part of the last millisecond")
                .isEqualTo(OptionalLong.of(Long.MAX_VALUE));
        assertThat(Timestamps.lookup(Instant.EPOCH)).isEqualTo(OptionalLong.of(0));
        assertThat(Timestamps.lookup(Instant.ofEpochMilli(Long.MAX_VALUE))).isEqualTo(OptionalLong.of(Long.MAX_VALUE));
    }

    @Test
    void outOfRangeIsRefused() {
        assertRefused(() -> StartPosition.at(Instant.MAX));
        assertRefused(() -> StartPosition.at(Instant.MIN));
        assertRefused(
                () -> StartPosition.at(Instant.ofEpochMilli(Long.MAX_VALUE).plusMillis(1)));
        assertRefused(() -> StartPosition.ago(FOR_EVER));
        assertRefused(() -> StartPosition.ago(Duration.ofMillis(-1)));
        assertRefused(() -> FailurePolicy.retry(1, FOR_EVER));
        assertRefused(() -> FailurePolicy.retry(1, Duration.ofNanos(-1)));
        assertRefused(() -> FailureAction.retryAfter(FOR_EVER));
        assertBuilderRefuses(b -> b.transactionIdleTimeout(FOR_EVER));
        assertBuilderRefuses(b -> b.transactionIdleTimeout(FOR_EVER.negated()));
        assertBuilderRefuses(b -> b.transactionIdleTimeout(Duration.ofMillis(1L + Integer.MAX_VALUE)));
        assertBuilderRefuses(b -> b.transactionIdleTimeout(Duration.ofNanos(999_999)));
    }

    @Test
    void limitsAreBelowThePollIntervalHoweverLongTheyAre() {
        for (UnitLimits limits : new UnitLimits[] {
            UnitLimits.defaults().withMaxDuration(FOR_EVER),
            UnitLimits.defaults().withDeadline(FOR_EVER)
        }) {
            assertThatThrownBy(() -> Tidemark.consumer(
                                    Map.<String, Object>of("bootstrap.servers", "localhost:9", "group.id", "g"))
                            .topics("t")
                            .database(new PGSimpleDataSource())
                            .limits(limits)
                            .handle((record, tx) -> {}))
                    .hasMessageContaining("TM-102");
        }
    }

    @Test
    void longAgoEndsAtTheFirstInstantThereIs() {
        Instant now = Instant.parse("2026-11-27T10:00:00Z");
        Duration most = Duration.ofMillis(Long.MAX_VALUE);
        assertThat(StartPosition.ago(most)).isEqualTo(new StartPosition.Ago(most));
        assertThat(Timestamps.lookup(Timestamps.before(now, most))).isEmpty();
        assertThat(Timestamps.lookup(Timestamps.before(now, FOR_EVER))).isEmpty();
        assertThat(Timestamps.lookup(Timestamps.before(now, Duration.ofHours(1))))
                .isEqualTo(OptionalLong.of(now.toEpochMilli() - 3_600_000));
    }
}
