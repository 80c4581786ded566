package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import java.io.PrintWriter;
import java.sql.SQLException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Exceptions are user code too: whatever their methods do, the record that they were thrown for is judged like any other. */
@Tag("exhaustive")
class OwnExceptionsIT extends FailureCase {
    /** What is wrong with an exception. */
    enum Wrong {
        MESSAGE,
        NAME,
        CAUSE,
        CAUSE_IS_ITSELF,
        CAUSES_WITHOUT_END,
        STACK,
        STATE,
        STATE_IS_A_ZERO,
        STATE_IS_A_VALUE,
        NEXT
    }

    private static final class Odd extends SQLException {
        private static final long serialVersionUID = 1L;

        private final Wrong wrong;

        Odd(Wrong wrong) {
            super("odd", "P0001");
            this.wrong = wrong;
        }

        private void failIf(Wrong one) {
            if (wrong == one) {
                throw new NoClassDefFoundError("odd");
            }
        }

        @Override
        public String getMessage() {
            failIf(Wrong.MESSAGE);
            return super.getMessage();
        }

        @Override
        public String toString() {
            failIf(Wrong.NAME);
            return "odd";
        }

        @Override
        public synchronized Throwable getCause() {
            failIf(Wrong.CAUSE);
            return wrong == Wrong.CAUSE_IS_ITSELF ? this : wrong == Wrong.CAUSES_WITHOUT_END ? new Odd(wrong) : null;
        }

        @Override
        public void printStackTrace(PrintWriter to) {
            failIf(Wrong.STACK);
            super.printStackTrace(to);
        }

        @Override
        public String getSQLState() {
            failIf(Wrong.STATE);
            return switch (wrong) {
                case STATE_IS_A_ZERO -> "\u0000";
                case STATE_IS_A_VALUE -> "key 4711";
                default -> "P0001";
            };
        }

        @Override
        public SQLException getNextException() {
            failIf(Wrong.NEXT);
            return null;
        }
    }

    @ParameterizedTest
    @EnumSource(Wrong.class)
    void itsRecordIsParked(Wrong wrong) {
        sendTo(topic, "good", "bad", "good");
        try (LogCapture log = LogCapture.of(topic);
                Running running = start(FailurePolicy.park(), (record, tx) -> {
                    if (record.value().equals("bad")) {
                        throw new Odd(wrong);
                    }
                })) {
            running.until("read", () -> stored() == 3);
            assertThat(log.news())
                    .noneMatch(event -> event.getFormattedMessage().contains("4711"));
        }
        assertThat(givenUp()).containsExactly("1");
    }
}
