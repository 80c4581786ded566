package dev.tidemark.internal.store.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a dead letter's class says of a failure in the database. */
class ErrorClassTest {
    @Test
    void whatIsWrittenIsRead() {
        ErrorText text = ErrorText.of(ErrorCode.HANDLER_FAILED, new IllegalStateException("it broke"))
                .withDatabaseError("sqlstate=23505 (unique violation: constraint a (b) c, table t)");
        assertThat(ErrorClass.of(text.exception()))
                .isEqualTo(new ErrorClass(
                        Optional.of("java.lang.IllegalStateException"),
                        Optional.of("23505"),
                        Optional.of("unique violation: constraint a (b) c, table t")));
        assertThat(text.message()).isEqualTo("it broke");
    }

    @Test
    void aStateWithoutWords() {
        assertThat(ErrorClass.of("a.B sqlstate=TX999"))
                .isEqualTo(new ErrorClass(Optional.of("a.B"), Optional.of("TX999"), Optional.empty()));
    }

    @Test
    void aClassAloneAndNone() {
        assertThat(ErrorClass.of("a.B"))
                .isEqualTo(new ErrorClass(Optional.of("a.B"), Optional.empty(), Optional.empty()));
        assertThat(ErrorClass.of(null)).isEqualTo(new ErrorClass(Optional.empty(), Optional.empty(), Optional.empty()));
        assertThat(ErrorText.of(ErrorCode.HANDLER_FAILED, new IllegalStateException())
                        .withDatabaseError("")
                        .exception())
                .isEqualTo("java.lang.IllegalStateException");
        assertThat(ErrorText.NONE.withDatabaseError("sqlstate=23505")).isEqualTo(ErrorText.NONE);
    }
}
