package dev.tidemark.internal.store.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import org.junit.jupiter.api.Test;

/** Whatever an exception says, PostgreSQL can hold it. */
class ErrorTextTest {
    /** As {@link ErrorText} cuts. */
    private static final int LONGEST = 64 << 10;

    @Test
    void classMessageAndStackAreKept() {
        ErrorText text = ErrorText.of(ErrorCode.HANDLER_FAILED, new IllegalStateException("it broke"));
        assertThat(text.code()).isEqualTo("TM-502");
        assertThat(text.exception()).isEqualTo("java.lang.IllegalStateException");
        assertThat(text.message()).isEqualTo("it broke");
        assertThat(text.stack())
                .startsWith("java.lang.IllegalStateException: it broke")
                .contains("at dev.tidemark.internal.store.table.ErrorTextTest");
    }

    @Test
    void secretsInAMessageAreNotKept() {
        ErrorText text = ErrorText.of(
                ErrorCode.HANDLER_FAILED,
                new IllegalStateException(
                        "401 for Authorization: Bearer HUNTER2",
                        new IllegalArgumentException("jdbc:x://h/d?password=HUNTER2&x=1 or u:HUNTER2@h:9092")));
        assertThat(text.message()).isEqualTo("401 for Authorization: Bearer ***");
        assertThat(text.stack())
                .doesNotContain("HUNTER2")
                .contains("java.lang.IllegalArgumentException: jdbc:x://h/d?password=***&x=1 or u:***@h:9092");
    }

    @Test
    void anExceptionWithoutAMessageHasNone() {
        assertThat(ErrorText.of(ErrorCode.HANDLER_FAILED, new IllegalStateException())
                        .message())
                .isNull();
        assertThat(ErrorText.NONE).isEqualTo(new ErrorText(null, null, null, null));
    }

    @Test
    void whatPostgresRefusesIsReplaced() {
        assertThat(ErrorText.storable("a\u0000b")).isEqualTo("a\ufffdb");
        assertThat(ErrorText.storable("half a pair \ud83d")).isEqualTo("half a pair ?");
        assertThat(ErrorText.storable("a pair \ud83d\ude00, umlauts äöü, 漢字"))
                .isEqualTo("a pair \ud83d\ude00, umlauts äöü, 漢字");
        ErrorText text = ErrorText.of(ErrorCode.HANDLER_FAILED, new IllegalStateException("zero \u0000"));
        assertThat(text.message()).isEqualTo("zero \ufffd");
        assertThat(text.stack()).doesNotContain("\u0000");
    }

    @Test
    void whatIsTooLongIsCutAndNothingElse() {
        assertThat(ErrorText.cut("x".repeat(LONGEST))).hasSize(LONGEST);
        assertThat(ErrorText.cut("x".repeat(LONGEST + 1))).isEqualTo("x".repeat(LONGEST));
        assertThat(ErrorText.cut("x".repeat(LONGEST - 1) + "\ud83d\ude00"))
                .as("cut within a pair")
                .isEqualTo("x".repeat(LONGEST - 1) + "?");
        assertThat(ErrorText.storable("")).isEmpty();
    }

    @Test
    void anExceptionWhoseOwnMethodsThrowIsParkedAllTheSame() {
        ErrorText text = ErrorText.of(ErrorCode.HANDLER_FAILED, new Talkative());
        assertThat(text.exception()).isEqualTo(Talkative.class.getName());
        assertThat(text.message()).isNull();
        assertThat(text.stack()).isEqualTo(Talkative.class.getName());
    }

    private static final class Talkative extends RuntimeException {
        @Override
        public String getMessage() {
            throw new IllegalStateException("no message for you");
        }
    }
}
