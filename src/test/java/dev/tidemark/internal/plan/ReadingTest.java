package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.GapPolicy;
import dev.tidemark.StartPosition;
import java.time.Instant;
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

    private static ReadPlan reading(Subscription subscription) {
        return new ReadPlan(subscription, StartPosition.latest(), GapPolicy.halt(), false);
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
        assertThat(reading(MATCHING).startOfNewTopic(Optional.empty())).isEqualTo(StartPosition.earliest());
        assertThat(reading(TOPICS).startOfNewTopic(Optional.empty())).isEqualTo(StartPosition.latest());
        assertThat(reading(MANUAL).startOfNewTopic(Optional.empty())).isEqualTo(StartPosition.latest());
    }

    @Test
    void aTopicThatWasMissingLosesNothingThatCameAfterThat() {
        Optional<Instant> missing = Optional.of(Instant.parse("2026-11-28T09:00:00Z"));
        StartPosition then = StartPosition.at(missing.get());
        assertThat(reading(TOPICS).startOfNewTopic(missing)).isEqualTo(then);
        assertThat(reading(MANUAL).startOfNewTopic(missing)).isEqualTo(then);
        assertThat(reading(MATCHING).startOfNewTopic(missing)).isEqualTo(StartPosition.earliest());
        ReadPlan refusing = new ReadPlan(TOPICS, StartPosition.refuse(), GapPolicy.halt(), false);
        assertThat(refusing.startOfNewTopic(missing)).isEqualTo(StartPosition.refuse());
    }

    @Test
    void onlyNamedPartitionsAreWithoutAGroup() {
        assertThat(reading(MANUAL).isManual()).isTrue();
        assertThat(reading(TOPICS).isManual()).isFalse();
        assertThat(reading(MATCHING).isManual()).isFalse();
    }
}
