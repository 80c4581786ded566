package dev.tidemark.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a partition that is idle behind the end of its log counts as one that does not move. */
class StandstillTest {
    private static final TopicPartition PARTITION = new TopicPartition("flights", 3);
    private static final int EVERY = 5;

    private Standstill standstill = new Standstill("etl", Duration.ZERO);
    private final Claim claim = new Claim(PARTITION, UUID.randomUUID(), 7, Position.of(10));
    private long now = Long.MAX_VALUE - Duration.ofSeconds(20).toNanos();

    private void sample(Claim idle, long readable, long end, int seconds) {
        now += Duration.ofSeconds(seconds).toNanos();
        standstill.sampled(Map.of(PARTITION, idle), Map.of(PARTITION, readable), Map.of(PARTITION, end), now);
    }

    private void samples(Claim idle, long readable, long end, int seconds) {
        for (int passed = 0; passed < seconds; passed += EVERY) {
            sample(idle, readable, end, EVERY);
        }
    }

    private @Nullable ErrorCode found() {
        TidemarkException why = standstill.found(now).get(PARTITION);
        return why == null ? null : why.code();
    }

    @ParameterizedTest
    @CsvSource({
        // readable, end; after a minute
        "20, 20, NO_PROGRESS",
        "15, 20, NO_PROGRESS",
        "11, 11, NO_PROGRESS",
        "10, 20, OPEN_TRANSACTION",
        "9, 20, OPEN_TRANSACTION",
        "10, 10,",
        "9, 9,"
    })
    void whatIsMissingIsNamedAfterAMinute(long readable, long end, ErrorCode code) {
        samples(claim, readable, end, 60);
        assertThat(found()).as("for 55 s").isNull();
        sample(claim, readable, end, EVERY);
        assertThat(found()).isEqualTo(code);
    }

    @Test
    void theWordsStayTheSameWhileTheLogGrows() {
        samples(claim, 20, 20, 65);
        TidemarkException why = standstill.found(now).get(PARTITION);
        assertThat(why)
                .hasMessageContaining("partition 3")
                .hasMessageContaining("offset 10")
                .hasMessageContaining("20");
        samples(claim, 30, 30, 60);
        assertThat(standstill.found(now)).containsEntry(PARTITION, why);
    }

    @Test
    void whatIsWrongWithATransactionSaysHowToFindIt() {
        samples(claim, 10, 20, 65);
        assertThat(standstill.found(now).get(PARTITION))
                .hasMessageContaining("topic flights partition 3")
                .hasMessageContaining("offset 10")
                .hasMessageContaining("kafka-transactions.sh find-hanging");
    }

    /** A broker holds a fetch of little for as long as {@code fetch.max.wait.ms} says. */
    @Test
    void aFetchThatTheBrokerHoldsIsNoStandstill() {
        standstill = new Standstill("etl", Duration.ofMinutes(5));
        samples(claim, 20, 20, 360);
        assertThat(found()).isNull();
        sample(claim, 20, 20, EVERY);
        assertThat(found()).isEqualTo(ErrorCode.NO_PROGRESS);
    }

    @Test
    void aMoveIsTheEndOfIt() {
        samples(claim, 20, 20, 65);
        sample(claim.at(Position.of(11)), 20, 20, EVERY);
        assertThat(found()).isNull();
        samples(claim.at(Position.of(11)), 20, 20, 55);
        assertThat(found()).isNull();
        samples(claim.at(Position.of(11)), 20, 20, 5);
        assertThat(found()).isEqualTo(ErrorCode.NO_PROGRESS);
    }

    @Test
    void anotherClaimBeginsAnew() {
        samples(claim, 20, 20, 65);
        sample(new Claim(PARTITION, UUID.randomUUID(), 8, Position.of(10)), 20, 20, EVERY);
        assertThat(found()).isNull();
    }

    @Test
    void whatBecomesReadableGetsAnotherMinute() {
        samples(claim, 10, 20, 65);
        sample(claim, 20, 20, EVERY);
        assertThat(found()).isNull();
    }

    /** It was in a unit, paused, or at the end meanwhile. */
    @Test
    void whatWasNotIdleInASampleBeginsAnew() {
        samples(claim, 20, 20, 60);
        now += Duration.ofSeconds(EVERY).toNanos();
        standstill.sampled(Map.of(), Map.of(), Map.of(), now);
        sample(claim, 20, 20, EVERY);
        assertThat(found()).isNull();
        assertThat(standstill.unmoved()).isEmpty();
    }

    /** An outage of Kafka, or a suspended process, is no standstill. */
    @ParameterizedTest
    @ValueSource(ints = {31, 600})
    void aTimeWithoutSamplesDoesNotCount(int seconds) {
        samples(claim, 20, 20, 55);
        sample(claim, 20, 20, seconds);
        assertThat(found()).isNull();
        assertThat(standstill.unmoved()).isEmpty();
        samples(claim, 20, 20, 55);
        assertThat(found()).isNull();
        sample(claim, 20, 20, EVERY);
        assertThat(found()).isEqualTo(ErrorCode.NO_PROGRESS);
    }

    /** Kafka does not reply, which is told otherwise. */
    @Test
    void whatWasFoundIsNotKnownWithoutSamples() {
        samples(claim, 20, 20, 65);
        now += Standstill.APART.toNanos();
        assertThat(found()).isEqualTo(ErrorCode.NO_PROGRESS);
        now++;
        assertThat(found()).isNull();
    }

    @Test
    void whatTwoSamplesShowAtTheSamePositionIsToBeCompared() {
        sample(claim, 20, 20, EVERY);
        assertThat(standstill.unmoved()).isEmpty();
        sample(claim, 20, 20, EVERY);
        assertThat(standstill.unmoved()).containsExactly(Map.entry(PARTITION, claim));
        sample(claim.at(Position.of(11)), 20, 20, EVERY);
        assertThat(standstill.unmoved()).isEmpty();
    }

    @Test
    void nothingIsFoundOnceNothingIsHeld() {
        samples(claim, 20, 20, 65);
        standstill.forget();
        assertThat(found()).isNull();
    }

    @Test
    void aPartitionWhoseEndIsUnknownIsNotJudged() {
        for (int passed = 0; passed < 100; passed += EVERY) {
            now += Duration.ofSeconds(EVERY).toNanos();
            standstill.sampled(Map.of(PARTITION, claim), Map.of(), Map.of(), now);
        }
        assertThat(found()).isNull();
    }
}
