package dev.tidemark.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ContentTest {
    private static Content of(String text) {
        return Content.of(text.getBytes(StandardCharsets.UTF_8), false);
    }

    @Test
    void textIsShownAsText() {
        assertThat(of("Zürich\n\t{}")).isEqualTo(new Content("Zürich\n\t{}", "text"));
        assertThat(of("")).isEqualTo(new Content("", "text"));
    }

    @Test
    void whatIsNoTextOrWouldUpsetATerminalIsShownInBase64() {
        assertThat(Content.of(new byte[] {(byte) 0xff, 0}, false)).isEqualTo(new Content("/wA=", "base64"));
        assertThat(of("\u001b[2J").encoding()).isEqualTo("base64");
        assertThat(of("\u0000").encoding()).isEqualTo("base64");
        assertThat(of("\u009b2J").encoding()).isEqualTo("base64");
        assertThat(of("\u202egnp.exe").encoding()).isEqualTo("base64");
        assertThat(Content.of(new byte[] {(byte) 0xff, 0}, false).words()).isEqualTo("(base64) /wA=");
    }

    @Test
    void hexadecimalIfAsked() {
        assertThat(Content.of(new byte[] {65, (byte) 0xff}, true)).isEqualTo(new Content("41ff", "hex"));
    }

    @Test
    void nothingIsNothing() {
        assertThat(Content.of(null, false)).isEqualTo(new Content(null, null));
        assertThat(Content.of(null, true).words()).isEqualTo("-");
    }
}
