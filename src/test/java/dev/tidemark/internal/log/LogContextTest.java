package dev.tidemark.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An error's words stay on the one line that they are quoted in. */
class LogContextTest {
    private static String quotable(String words) {
        TidemarkException error = new TidemarkException(ErrorCode.HANDLER_FAILED, words, null);
        return LogContext.quotable(error, String.valueOf(error.getMessage()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\n", "\r", "\r\n", "\n\n  ", "\t", "\u000b", "\f", "\u0085", "\u2028", "\u2029", "\u0000", "\u001b"
            })
    void whatBreaksALineIsASpace(String brk) {
        assertThat(quotable("before" + brk + "2026-01-01 ERROR forged")).isEqualTo("before 2026-01-01 ERROR forged");
    }

    @Test
    void quotesDoNotEndTheField() {
        assertThat(quotable("a \"b\" c")).isEqualTo("a 'b' c");
    }

    @Test
    void theCodeStandsBesideIt() {
        assertThat(quotable("TM-502 once more")).isEqualTo("TM-502 once more");
        TidemarkException error = new TidemarkException(ErrorCode.HANDLER_FAILED, "words", null);
        assertThat(LogContext.quotable(error, "other words")).isEqualTo("other words");
    }
}
