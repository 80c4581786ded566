package dev.tidemark.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.DeadLetter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What came from data cannot control a terminal, nor begin a formula. */
class PrintableTest {
    /** Clear the screen, set the title, the same with one byte, a backspace, a carriage return, text from right to left. */
    private static final List<String> ATTACKS = List.of(
            "\u001b[2J",
            "\u001b]0;owned\u0007",
            "\u009b2J",
            "ab\b\b",
            "\u202egnp.exe",
            "\u2028",
            "\u0000",
            "\u200b",
            "ab\r99");

    private static void assertHarmless(String printed) {
        assertThat(printed.replace("\r\n", "\n")
                        .codePoints()
                        .filter(c -> c != '\n' && c != '\t')
                        .filter(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT))
                .isEmpty();
    }

    @Test
    void tablesAndJson() throws IOException {
        for (String attack : ATTACKS) {
            Table table = new Table("text");
            table.add("before" + attack + "after\rx");
            assertHarmless(table.asTable());
            assertThat(table.asTable()).contains("before", "after");
            assertHarmless(table.asJson());
            assertHarmless(table.asCsv());
            assertThat(table.asCsv()).contains("before", "after");
            assertThat(new ObjectMapper()
                            .readTree(table.asJson())
                            .get(0)
                            .get("text")
                            .asText())
                    .as("JSON keeps the value")
                    .isEqualTo("before" + attack + "after\rx");
        }
    }

    /** Written by a handler's exception, and shown to an operator. */
    @Test
    void aDeadLetter() {
        for (String attack : ATTACKS) {
            ConsumerRecord<byte[], byte[]> record =
                    new ConsumerRecord<>("topic", 0, 7, bytes("key" + attack), bytes("value" + attack));
            record.headers().add("name" + attack, bytes("header" + attack));
            DeadLetter letter = new DeadLetter(
                    1,
                    record,
                    false,
                    Optional.of("TM-502"),
                    Optional.of("a.B" + attack),
                    Optional.of("22P02"),
                    Optional.of("constraint " + attack),
                    Optional.of("message" + attack),
                    Optional.of("a.B: message" + attack + "\n\tat c.D"),
                    1,
                    "host/1" + attack,
                    Instant.EPOCH,
                    Optional.empty());
            assertHarmless(new DeadLetterPage(letter, false).words());
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"})
    void aFormulaIsTextInCsv(String formula) {
        Table table = new Table("text", "number");
        table.add(formula, -5);
        String row = table.asCsv().lines().skip(1).findFirst().orElseThrow();
        assertThat(row.replaceFirst("^\"", "")).startsWith("'" + formula);
        assertThat(row).endsWith(",-5");
    }

    @Test
    void aTimeBeyondTheCalendarIsANumber() {
        Table table = new Table("at");
        table.add(Instant.ofEpochMilli(1_795_762_463_000_000_000L));
        table.add(Instant.ofEpochMilli(Long.MAX_VALUE));
        table.add(Instant.ofEpochMilli(1_795_762_463_000L));
        assertThat(table.asCsv().lines())
                .containsExactly("at", "1795762463000000000", "9223372036854775807", "2026-11-27T06:54:23Z");
    }
}
