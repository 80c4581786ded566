package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Of two topics with two partitions each. */
class ScopeTest {
    private static final List<TopicPartition> THERE = List.of(
            new TopicPartition("a", 0),
            new TopicPartition("a", 1),
            new TopicPartition("b", 0),
            new TopicPartition("b", 1));

    private static Scope scope(String words) {
        return Scope.of(words.isEmpty() ? List.of() : Arrays.asList(words.split(" ")));
    }

    @ParameterizedTest
    @CsvSource({
        "'', a-0 a-1 b-0 b-1",
        "a, a-0 a-1",
        "a:1, a-1",
        "'a:1 a:0', a-0 a-1",
        "'a:1 b', a-1 b-0 b-1",
        "'b:0,1', b-0 b-1"
    })
    void partitionsAreChosen(String words, String chosen) {
        Scope scope = scope(words);
        scope.requireAll(THERE, "group g");
        assertThat(THERE.stream().filter(scope::includes).map(TopicPartition::toString))
                .containsExactly(chosen.split(" "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:", "a:x", "a:0,", "a:-1", ":0", "a a", "a:0 a"})
    void whatCannotBeMeantIsRefused(String words) {
        assertThatThrownBy(() -> scope(words)).hasMessageStartingWith("TM-103");
    }

    @ParameterizedTest
    @CsvSource({"c, 'topic c: it has a, b'", "a:2, topic a partition 2"})
    void whatIsNotThereIsNamed(String words, String told) {
        assertThatThrownBy(() -> scope(words).requireAll(THERE, "group g"))
                .hasMessageStartingWith("TM-601")
                .hasMessageContaining(told);
    }
}
