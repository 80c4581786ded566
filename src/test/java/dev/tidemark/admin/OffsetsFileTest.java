package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OffsetsFileTest {
    /** Some editors write one in front of the text. */
    @Test
    void aByteOrderMarkIsNoPartOfTheFirstTopic() {
        assertThat(OffsetsFile.parse("\ufeffflights,0,5\n").of("any"))
                .containsExactly(Map.entry(new TopicPartition("flights", 0), 5L));
    }

    private static final TopicPartition ZERO = new TopicPartition("flights", 0);
    private static final TopicPartition ONE = new TopicPartition("flights", 1);

    @Test
    void linesOfOneGroupAreWrittenAndRead() {
        Map<TopicPartition, Long> offsets = new LinkedHashMap<>();
        offsets.put(ZERO, 5L);
        offsets.put(ONE, 1L << 40);
        String text = OffsetsFile.print(offsets);
        assertThat(text).isEqualTo("flights,0,5\nflights,1,1099511627776\n");
        assertThat(OffsetsFile.parse(text).of("any")).isEqualTo(offsets);
    }

    @Test
    void linesOfSeveralGroupsAreSiftedAndQuotesAndBlankLinesAreNoTrouble() {
        String text = "etl,flights,0,5\r\n\"a,b\",\"flights\",0,7\n\netl,flights,1,6\n\n";
        assertThat(OffsetsFile.parse(text).of("etl")).isEqualTo(Map.of(ZERO, 5L, ONE, 6L));
        assertThat(OffsetsFile.parse(text).of("a,b")).isEqualTo(Map.of(ZERO, 7L));
        assertThatThrownBy(() -> OffsetsFile.parse(text).of("other"))
                .hasMessageStartingWith("TM-601")
                .hasMessageContaining("those of 2 other groups")
                .as("what a file contains may be a secret")
                .hasMessageNotContainingAny("a,b", "etl");
        assertThatThrownBy(() -> OffsetsFile.parse("").of("other")).hasMessageContaining("no offsets");
    }

    @ParameterizedTest
    @ValueSource(strings = {"etl", " etl", "etl ", "\t etl \t"})
    void blanksAroundAGroupDoNotCount(String group) {
        assertThat(OffsetsFile.parse(group + ",flights,0,5\n\"other\",flights,0,6\n")
                        .of(" etl "))
                .isEqualTo(Map.of(ZERO, 5L));
        assertThat(OffsetsFile.parse("etl,flights,0,5\n").of(group)).isEqualTo(Map.of(ZERO, 5L));
    }

    /** It would count for any group. */
    @ParameterizedTest
    @ValueSource(strings = {",flights,0,5", "\"\",flights,0,5", "  ,flights,0,5", "\" \",flights,0,5"})
    void anEmptyGroupIsRefused(String line) {
        assertThatThrownBy(() -> OffsetsFile.parse("etl,flights,9,1\n" + line + "\n"))
                .hasMessageStartingWith("TM-103")
                .hasMessageContaining("line 2 of the file names no group")
                .hasMessageNotContaining("flights");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flights,0",
                "flights,0,x",
                "flights,-1,5",
                "flights,0,-5",
                ",0,5",
                "a,b,c,d,e",
                "topic,partition,offset"
            })
    void whatIsNoSuchLineIsRefusedWithItsNumberAndWithoutItsText(String line) {
        assertThatThrownBy(() -> OffsetsFile.parse("flights,9,1\n" + line + "\n"))
                .hasMessageStartingWith("TM-103")
                .hasMessageContaining("line 2")
                .hasMessageNotContaining("flights");
    }

    @Test
    void twoOffsetsOfAPartitionAreRefused() {
        assertThatThrownBy(() -> OffsetsFile.parse("flights,0,5\nflights,0,6\n").of("etl"))
                .hasMessageContaining("topic flights partition 0");
    }
}
