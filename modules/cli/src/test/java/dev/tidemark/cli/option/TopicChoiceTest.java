package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class TopicChoiceTest {
    @Test
    void aTopicOrSomeOfItsPartitions() {
        assertThat(TopicChoice.parse("my.topic_1-a")).isEqualTo(new TopicChoice("my.topic_1-a", List.of()));
        assertThat(TopicChoice.parse("flights:0")).isEqualTo(new TopicChoice("flights", List.of(0)));
        assertThat(TopicChoice.parse("flights:2,0,2")).isEqualTo(new TopicChoice("flights", List.of(0, 2)));
    }

    private static boolean includes(String said, String topic, int partition) {
        return TopicChoice.parse(said).selection().includes(new TopicPartition(topic, partition));
    }

    @Test
    void allPartitionsAreMeantUnlessSomeAreNamed() {
        assertThat(includes("flights", "flights", 7)).isTrue();
        assertThat(includes("flights", "other", 7)).isFalse();
        assertThat(includes("flights:1", "flights", 7)).isFalse();
        assertThat(includes("flights:1", "flights", 1)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "flights:", "flights:a", "flights:-1", "flights:1,", ":1", "a topic", "flights:99999999999"})
    void nothingElse(String said) {
        assertThatThrownBy(() -> TopicChoice.parse(said))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("flights:0,2");
    }

    @Test
    void blanksBetweenTheWordsAreNone() {
        assertThat(TopicChoice.parse(" flights : 3 , 0,1 ")).isEqualTo(new TopicChoice("flights", List.of(0, 1, 3)));
    }

    @Test
    void aLongListIsNoDanger() {
        assertThat(TopicChoice.parse("flights:0" + ",1".repeat(200_000)).partitions())
                .containsExactly(0, 1);
        String wrong = "flights:0" + ",1".repeat(200_000) + ",";
        assertThatThrownBy(() -> TopicChoice.parse(wrong)).isInstanceOf(TypeConversionException.class);
    }
}
