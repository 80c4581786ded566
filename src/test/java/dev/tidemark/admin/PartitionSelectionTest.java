package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Of two topics with two partitions each. */
class PartitionSelectionTest {
    private static final TopicPartition A0 = new TopicPartition("a", 0);
    private static final TopicPartition A1 = new TopicPartition("a", 1);
    private static final List<TopicPartition> THERE =
            List.of(A0, A1, new TopicPartition("b", 0), new TopicPartition("b", 1));

    private static PartitionSelection topics(String... names) {
        return PartitionSelection.topics(names);
    }

    private static void selects(PartitionSelection selection, String partitions, String words) {
        selection.requireAll(THERE, "group g");
        assertThat(THERE.stream().filter(selection::includes).map(TopicPartition::toString))
                .containsExactly(partitions.split(" "));
        assertThat(selection).hasToString(words);
    }

    @Test
    void partitionsAreSelected() {
        selects(PartitionSelection.all(), "a-0 a-1 b-0 b-1", "all topics");
        selects(topics("a"), "a-0 a-1", "a");
        selects(topics("b", "a"), "a-0 a-1 b-0 b-1", "a b");
        selects(PartitionSelection.partitions(A1), "a-1", "a:1");
        selects(PartitionSelection.partitions(Arrays.asList(A1, A0)), "a-0 a-1", "a:0,1");
    }

    @Test
    void andSelectsWhatEitherDoes() {
        PartitionSelection one = PartitionSelection.partitions(A1);
        selects(one.and(topics("b")), "a-1 b-0 b-1", "a:1 b");
        selects(one.and(PartitionSelection.partitions(A0)), "a-0 a-1", "a:0,1");
        assertThat(one.and(topics("a")))
                .isEqualTo(topics("a"))
                .isEqualTo(topics("a").and(one));
        assertThat(one.and(PartitionSelection.all())).isEqualTo(PartitionSelection.all());
    }

    @Test
    void nothingIsNoSelection() {
        assertThatThrownBy(() -> topics()).hasMessageStartingWith("TM-103");
        assertThatThrownBy(() -> PartitionSelection.partitions(List.of())).hasMessageStartingWith("TM-103");
    }

    @ParameterizedTest
    @CsvSource({"c, 0, 'topic c: it has a, b'", "a, 2, topic a partition 2"})
    void whatIsNotThereIsNamed(String topic, int partition, String told) {
        assertThatThrownBy(() -> PartitionSelection.partitions(new TopicPartition(topic, partition))
                        .requireAll(THERE, "group g"))
                .hasMessageStartingWith("TM-601")
                .hasMessageContaining(told);
    }
}
