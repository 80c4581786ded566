package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScopeOptionsTest {
    private static String parsed(String words) {
        return ScopeOptions.parse(words.isEmpty() ? List.of() : Arrays.asList(words.split(" ")))
                .toString();
    }

    @ParameterizedTest
    @CsvSource({"'', all topics", "a, a", "a:1, a:1", "'a:1 a:0', 'a:0,1'", "'a:1 b', a:1 b", "'b:0,1', 'b:0,1'"})
    void partitionsAreSelected(String words, String selection) {
        assertThat(parsed(words)).isEqualTo(selection);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:", "a:x", "a:0,", "a:-1", ":0", "a a", "a:0 a", "a a:0"})
    void whatCannotBeMeantIsRefused(String words) {
        assertThatThrownBy(() -> parsed(words)).hasMessageStartingWith("TM-103");
    }

    @Test
    void blanksAroundWordsAreNone() {
        assertThat(ScopeOptions.parse(List.of(" a : 1, 0 ", " b ")).toString())
                .isEqualTo(ScopeOptions.parse(List.of("a:0,1", "b")).toString());
    }
}
