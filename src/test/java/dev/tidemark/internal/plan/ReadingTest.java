package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.GapPolicy;
import dev.tidemark.StartPosition;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What belongs to a subscription, and where its topics begin. */
class ReadingTest {
    private static final Subscription TOPICS = new Subscription.Topics(Set.of("a", "b"));
    private static final Subscription MATCHING = new Subscription.Matching(Pattern.compile("a.*"));
    private static final Subscription MANUAL =
            new Subscription.Manual(Set.of(new TopicPartition("a", 0), new TopicPartition("a", 1)));

    private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");

    private static ReadPlan reading(Subscription subscription) {
        return reading(subscription, StartPosition.latest());
    }

    private static ReadPlan reading(Subscription subscription, StartPosition start) {
        return new ReadPlan(subscription, start, GapPolicy.halt(), false);
    }

    @Test
    void whatIsIncludedAndNamed() {
        assertThat(TOPICS.includes("a")).isTrue();
        assertThat(TOPICS.includes("aa")).isFalse();
        assertThat(TOPICS.named()).containsExactlyInAnyOrder("a", "b");
        assertThat(MATCHING.includes("aa")).isTrue();
        assertThat(MATCHING.includes("baa")).as("the whole name").isFalse();
        assertThat(MATCHING.named()).isEmpty();
        assertThat(MATCHING).hasToString("a.*");
        assertThat(MANUAL.includes("a")).isTrue();
        assertThat(MANUAL.includes("b")).isFalse();
        assertThat(MANUAL.named()).containsExactly("a");
        assertThat(MANUAL.toString()).contains("a-0", "a-1");
    }

    @Test
    void aTopicThatAPatternCameToMatchLosesNothing() {
        assertThat(reading(MATCHING).startOfNewTopic(Optional.empty(), NOW)).isEqualTo(StartPosition.earliest());
        assertThat(reading(TOPICS).startOfNewTopic(Optional.empty(), NOW)).isEqualTo(StartPosition.latest());
        assertThat(reading(MANUAL).startOfNewTopic(Optional.empty(), NOW)).isEqualTo(StartPosition.latest());
    }

    @Test
    void aTopicThatWasMissingLosesNothingThatCameAfterThat() {
        Optional<Instant> missing = Optional.of(Instant.parse("2026-11-28T09:00:00Z"));
        StartPosition then = StartPosition.at(missing.get());
        assertThat(reading(TOPICS).startOfNewTopic(missing, NOW)).isEqualTo(then);
        assertThat(reading(MANUAL).startOfNewTopic(missing, NOW)).isEqualTo(then);
        assertThat(reading(MATCHING).startOfNewTopic(missing, NOW)).isEqualTo(StartPosition.earliest());
        assertThat(reading(TOPICS, StartPosition.committedOrElse(StartPosition.latest()))
                        .startOfNewTopic(missing, NOW))
                .isEqualTo(StartPosition.committedOrElse(then));
        assertThat(reading(TOPICS, StartPosition.ago(Duration.ofHours(1))).startOfNewTopic(missing, NOW))
                .as("waited for longer than that")
                .isEqualTo(then);
        StartPosition day = StartPosition.ago(Duration.ofDays(1));
        assertThat(reading(TOPICS, day).startOfNewTopic(missing, NOW)).isEqualTo(day);
    }

    @Test
    void aTopicThatCertainlyDidNotExistLosesNothing() {
        StartPosition later = StartPosition.at(NOW.plusSeconds(60));
        assertThat(reading(TOPICS).startOfLaterTopic()).isEqualTo(StartPosition.earliest());
        assertThat(reading(MANUAL, StartPosition.ago(Duration.ofHours(1))).startOfLaterTopic())
                .isEqualTo(StartPosition.earliest());
        assertThat(reading(TOPICS, StartPosition.committedOrElse(StartPosition.latest()))
                        .startOfLaterTopic())
                .isEqualTo(StartPosition.committedOrElse(StartPosition.earliest()));
        for (StartPosition start : List.of(
                later, StartPosition.refuse(), StartPosition.committed(), StartPosition.committedOrElse(later))) {
            assertThat(reading(TOPICS, start).startOfLaterTopic()).isEqualTo(start);
        }
    }

    @Test
    void whatDoesNotCountFromTheFirstStartStaysAsItIs() {
        Optional<Instant> missing = Optional.of(NOW.minusSeconds(60));
        for (StartPosition start : List.of(
                StartPosition.earliest(),
                StartPosition.refuse(),
                StartPosition.committed(),
                StartPosition.at(NOW.plusSeconds(60)))) {
            assertThat(reading(TOPICS, start).startOfNewTopic(missing, NOW)).isEqualTo(start);
            assertThat(reading(TOPICS, start).startDependsOnWaiting()).isFalse();
        }
        for (StartPosition start : List.of(
                StartPosition.latest(),
                StartPosition.ago(Duration.ZERO),
                StartPosition.committedOrElse(StartPosition.latest()))) {
            assertThat(reading(TOPICS, start).startDependsOnWaiting()).isTrue();
            assertThat(reading(MANUAL, start).startDependsOnWaiting()).isTrue();
            assertThat(reading(MATCHING, start).startDependsOnWaiting()).isFalse();
        }
    }

    @Test
    void onlyNamedPartitionsAreWithoutAGroup() {
        assertThat(reading(MANUAL).isManual()).isTrue();
        assertThat(reading(TOPICS).isManual()).isFalse();
        assertThat(reading(MATCHING).isManual()).isFalse();
    }
}
