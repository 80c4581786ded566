package dev.tidemark.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PastedCommandTest {
    @Test
    void plainNamesStayAsTheyAre() {
        assertThat(PastedCommand.rebind("flights-etl", "flights.v2"))
                .isEqualTo("tidemark rebind flights-etl --topic flights.v2 --to-earliest");
        assertThat(PastedCommand.reset("etl", "flights", 3)).isEqualTo("tidemark reset etl --topic flights:3");
        assertThat(PastedCommand.resume("etl", null, null)).isEqualTo("tidemark resume etl --execute");
        assertThat(PastedCommand.resume("etl", "flights", null))
                .isEqualTo("tidemark resume etl --topic flights --execute");
        assertThat(PastedCommand.resume("etl", "flights", 3))
                .isEqualTo("tidemark resume etl --topic flights:3 --execute");
        assertThat(PastedCommand.undo("etl", 7)).isEqualTo("tidemark reset etl --undo 7 --execute");
        assertThat(PastedCommand.migrate("tidemark")).isEqualTo("tidemark migrate");
    }

    @Test
    void whatLooksLikeAnOptionIsNone() {
        assertThat(PastedCommand.reset("-x y", "--all-topics", 0))
                .isEqualTo("tidemark reset --group='-x y' --topic='--all-topics':0");
        assertThat(PastedCommand.delete("-")).isEqualTo("tidemark delete --group='-'");
    }

    @Test
    void optionsStandBehindTheNameOfEachCommand() {
        String text =
                "fix it: tidemark reset 'a b' --topic t:0, or (tidemark delete) tidemark dead-letters list a, tidemark migrate";
        assertThat(PastedCommand.inSchema(text, "other"))
                .isEqualTo("fix it: tidemark reset --schema other 'a b' --topic t:0, or (tidemark delete)"
                        + " tidemark dead-letters list --schema other a, tidemark migrate --schema other");
        assertThat(PastedCommand.inSchema(text, "tidemark")).isEqualTo(text);
        assertThat(PastedCommand.with(text, name -> "[$1" + name + "\\]"))
                .startsWith("fix it: tidemark reset[$1reset\\] 'a b'")
                .contains("tidemark dead-letters list[$1dead-letters list\\] a,");
    }

    /** Only bash and zsh can express them in what a terminal shows. */
    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "\u001b[2J it's", "\u202egnp.exe", "tab\t\\0", "\u2028", "a\u00851"})
    void whatCannotBeShownIsEscaped(String name) throws IOException {
        String quoted = PastedCommand.quoted(name);
        assertThat(quoted.codePoints()
                        .filter(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT))
                .isEmpty();
        Process shell = new ProcessBuilder("bash", "-c", "printf %s " + quoted).start();
        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo(name);
    }

    /** A real shell takes it as one word, and runs nothing that stands in it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "my group",
                "it's",
                "$(echo owned)",
                "`echo owned`",
                "a;b",
                "a\"b",
                "*",
                "-x",
                "\u00fcmlaut",
                "a\\b",
                "~",
                ""
            })
    void othersAreOneWord(String name) throws IOException {
        Process shell = new ProcessBuilder("sh", "-c", "printf %s " + PastedCommand.quoted(name)).start();
        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo(name);
    }
}
