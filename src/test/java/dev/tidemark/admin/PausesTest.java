package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.admin.Pauses.Pause;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PausesTest {
    private static final Pause GROUP = new Pause(null, null);
    private static final Pause TOPIC = new Pause("a", null);
    private static final Pause OTHER = new Pause("b", null);
    private static final Pause PARTITION = new Pause("a", 1);

    @Test
    void theWidestKeepsAPartition() {
        Pauses pauses = new Pauses(List.of(PARTITION)).with(List.of(TOPIC, GROUP));
        assertThat(pauses.stopping(new TopicPartition("a", 1))).contains(GROUP);
        assertThat(pauses.without(List.of(PARTITION)).stopping(new TopicPartition("a", 1)))
                .contains(GROUP);
        assertThat(new Pauses(List.of(TOPIC, PARTITION)).stopping(new TopicPartition("a", 1)))
                .contains(TOPIC);
        assertThat(new Pauses(List.of(PARTITION)).stopping(new TopicPartition("a", 2)))
                .isEmpty();
        assertThat(new Pauses(List.of(TOPIC)).stopping(new TopicPartition("b", 1)))
                .isEmpty();
    }

    @Test
    void aResumeEndsWhatIsWithinItAndNothingWider() {
        Pauses all = new Pauses(List.of(GROUP, TOPIC, OTHER, PARTITION));
        assertThat(all.within(List.of(GROUP)).pauses()).containsExactly(GROUP, TOPIC, OTHER, PARTITION);
        assertThat(all.within(List.of(TOPIC)).pauses()).containsExactly(TOPIC, PARTITION);
        assertThat(all.within(List.of(PARTITION)).pauses()).containsExactly(PARTITION);
        assertThat(all.without(List.of(TOPIC)).pauses()).containsExactly(GROUP, OTHER);
        assertThat(new Pauses(List.of(GROUP)).within(List.of(TOPIC)).pauses()).isEmpty();
    }

    @Test
    void whatIsPausedTwiceIsPausedOnce() {
        assertThat(new Pauses(List.of(TOPIC)).with(List.of(TOPIC)).pauses()).containsExactly(TOPIC);
    }

    @Test
    void withoutAChoiceTheGroupIsMeant() {
        assertThat(Pauses.of(PartitionSelection.all())).containsExactly(GROUP);
        assertThat(Pauses.of(PartitionSelection.partitions(new TopicPartition("a", 1))
                        .and(PartitionSelection.topics("b"))))
                .containsExactly(PARTITION, OTHER);
    }

    @Test
    void wordsNameTheExtent() {
        assertThat(new Pauses(List.of(GROUP, TOPIC, PARTITION)).words())
                .isEqualTo("paused: the whole group, all of topic a, topic a partition 1");
        assertThat(new Pauses(List.of()).words()).isEqualTo("nothing is paused");
    }
}
