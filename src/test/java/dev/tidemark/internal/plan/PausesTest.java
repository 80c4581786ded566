package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.plan.Pauses.Pause;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PausesTest {
    private static final List<TopicPartition> ALL = List.of(
            new TopicPartition("a", 0),
            new TopicPartition("a", 1),
            new TopicPartition("b", 0),
            new TopicPartition("b", 1));

    private static final Pause GROUP = new Pause(Optional.empty(), OptionalInt.empty());
    private static final Pause TOPIC = new Pause(Optional.of("a"), OptionalInt.empty());
    private static final Pause PARTITION = new Pause(Optional.of("b"), OptionalInt.of(1));

    private static Stream<String> covered(Pause... pauses) {
        Pauses all = new Pauses(Set.of(pauses));
        return ALL.stream().filter(all::cover).map(TopicPartition::toString);
    }

    @Test
    void aPauseCoversWhatItNamesAndAllWithin() {
        assertThat(covered()).isEmpty();
        assertThat(covered(PARTITION)).containsExactly("b-1");
        assertThat(covered(TOPIC)).containsExactly("a-0", "a-1");
        assertThat(covered(TOPIC, PARTITION)).containsExactly("a-0", "a-1", "b-1");
        assertThat(covered(GROUP)).containsExactly("a-0", "a-1", "b-0", "b-1");
        assertThat(covered(GROUP, PARTITION)).hasSize(4);
        assertThat(Pauses.none().cover(ALL.get(0))).isFalse();
    }
}
