package dev.tidemark.internal.store.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;

/** Since when a server has been silent, and what ends that. */
class SilenceTest {
    private final PSQLException silent =
            new PSQLException("x", PSQLState.CONNECTION_FAILURE, new SocketTimeoutException());
    private final PSQLException refused =
            new PSQLException("x", PSQLState.CONNECTION_UNABLE_TO_CONNECT, new ConnectException());
    private final PSQLException unclear = new PSQLException("x", PSQLState.CONNECTION_FAILURE);

    private final Silence silence = new Silence();

    private static long in(Duration time) {
        return System.nanoTime() + time.toNanos();
    }

    private void fail(PSQLException failure) {
        silence.ask();
        silence.failed(failure);
    }

    private boolean isKnown() {
        return !silence.known(System.nanoTime()).isZero();
    }

    @Test
    void itBeginsWithACallThatGetsNoReplyAndIsConfirmedByTheNext() {
        assertThat(isKnown()).isFalse();
        fail(unclear);
        assertThat(isKnown()).as("what cannot be told").isFalse();
        fail(silent);
        assertThat(isKnown()).isTrue();
        assertThat(silence.isConfirmed()).isFalse();
        fail(unclear);
        assertThat(silence.isConfirmed()).isTrue();
        assertThat(silence.known(in(Duration.ofMinutes(1)))).isGreaterThanOrEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void anyReplyEndsItAnErrorToo() {
        fail(silent);
        fail(silent);
        fail(refused);
        assertThat(isKnown()).isFalse();
        assertThat(silence.isConfirmed()).isFalse();
        fail(silent);
        silence.ask();
        silence.answered();
        assertThat(isKnown()).isFalse();
        silence.unanswered();
        assertThat(isKnown()).as("given up by others").isTrue();
        silence.rest();
        assertThat(isKnown()).as("nothing is asked any more").isFalse();
    }

    @Test
    void aCallUnderWayCountsOnceItIsLongerThanItMayBe() {
        Duration patience = Duration.ofSeconds(10);
        assertThat(silence.longerThan(patience, in(Duration.ofMinutes(1)))).isZero();
        silence.ask();
        assertThat(silence.longerThan(patience, in(Duration.ofSeconds(9)))).isZero();
        assertThat(silence.longerThan(patience, in(Duration.ofSeconds(11)))).isGreaterThan(patience);
        silence.answered();
        assertThat(silence.longerThan(patience, in(Duration.ofMinutes(1)))).isZero();
        fail(silent);
        assertThat(silence.longerThan(patience, System.nanoTime()))
                .as("known already")
                .isPositive();
    }

    @Test
    void theLastAnswerIsRemembered() {
        silence.ask();
        silence.answered();
        assertThat(silence.sinceLastAnswer(in(Duration.ofMinutes(1))))
                .isBetween(
                        Duration.ofMinutes(1).toNanos(), Duration.ofMinutes(2).toNanos());
    }
}
