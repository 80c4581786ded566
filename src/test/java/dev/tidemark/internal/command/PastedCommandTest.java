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
