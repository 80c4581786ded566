package dev.tidemark.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Columns of a table stand below each other on a terminal, whatever is in them. */
class TableWidthTest {
    @ParameterizedTest
    @CsvSource({
        "etl, 3",
        "naïve, 5",
        "nai\u0308ve, 5",
        "e\u20dd, 1",
        "漢字, 4",
        "ﾊﾝｶｸ, 4",
        "ＦＵＬＬ, 8",
        "한국, 4",
        "\u1112\u1161\u11ab, 2",
        "😀, 2",
        "❤\ufe0f, 1",
        "⌚, 2",
        "𠀀, 2",
        "\u00e6\u0142, 2",
        "हि, 2",
        "क\u0941, 1"
    })
    void whatATerminalTakes(String text, int columns) {
        assertThat(DisplayWidth.of(text)).as(text).isEqualTo(columns);
    }

    @Test
    void columnsBeginBelowEachOther() {
        Table table = new Table("group_id", "topics", "state");
        List<String> names = List.of("etl", "漢字の集団", "😀😀", "nai\u0308ve", "\u200bzero", "e\u0301\u0301");
        names.forEach(name -> table.add(name, 1, "owned"));
        List<String> lines = table.asTable().lines().toList();
        int expected = DisplayWidth.of(lines.get(0).substring(0, lines.get(0).indexOf("STATE")));
        assertThat(lines).hasSize(names.size() + 1);
        assertThat(IntStream.range(1, lines.size())
                        .map(i -> DisplayWidth.of(
                                lines.get(i).substring(0, lines.get(i).indexOf("owned")))))
                .containsOnly(expected);
        assertThat(lines.get(1).length() - lines.get(2).length())
                .as("five wide characters take as many columns as ten others")
                .isEqualTo(5);
    }
}
