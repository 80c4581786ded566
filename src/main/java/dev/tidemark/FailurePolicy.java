package dev.tidemark;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.time.Duration;

/**
 * Decides what happens to a record that cannot be decoded or handled. It is called once the record has failed by itself: when a
 * unit of many records fails, the failing one is found first, and the records around it take effect.
 *
 * <p>Not called for transient failures, such as a lost connection, a deadlock or a held lock, which are retried for as long as they
 * last, nor for a handler that ends the transaction (TM-501) or lacks a class (TM-505), which halts. A record is parked or skipped only
 * on evidence that the failure is its own: another record succeeds with the same handler after it failed, and it fails again. If
 * others fail in the same way and none succeeds, or {@link #maxConsecutiveFailures} records of a partition were given up in a row, the
 * partition halts with TM-505 instead. To gather the evidence, records behind it are tried in transactions that are rolled back.
 *
 * <p>Called on workers' threads, concurrently: it must be thread-safe and quick. The handler may have run on another thread, so that what it
 * keeps in a {@code ThreadLocal} need not be there. If it throws, the partition halts.
 */
@FunctionalInterface
public interface FailurePolicy {
    /** How many records in a row may be parked or skipped before that counts as a failure of something else. */
    int DEFAULT_MAX_CONSECUTIVE_FAILURES = 100;

    /** What to do now; called again after each retry. Never null. */
    FailureAction decide(RecordFailure failure);

    /** How many records of a partition may be parked or skipped in a row; the next one halts with TM-505. */
    default int maxConsecutiveFailures() {
        return DEFAULT_MAX_CONSECUTIVE_FAILURES;
    }

    /** Stops the partition in front of the record, at its first failure. The default. */
    static FailurePolicy halt() {
        return failure -> FailureAction.halt();
    }

    /** Parks the record at its first failure; see {@link FailureAction#park}. */
    static FailurePolicy park() {
        return failure -> FailureAction.park();
    }

    /** Parks the record and later ones of its key; see {@link FailureAction#parkKey}. */
    static FailurePolicy parkKey() {
        return failure -> FailureAction.parkKey();
    }

    /** Skips the record at its first failure; see {@link FailureAction#skip}. */
    static FailurePolicy skip() {
        return failure -> FailureAction.skip();
    }

    /**
     * Retries a failing record this many times, and then does what is specified next.
     *
     * @param times retries after the first failure, at least 1
     * @param backoff the wait before the first retry; doubles with each one, up to 5 minutes
     */
    static Retrying retry(int times, Duration backoff) {
        return new Retrying(times, backoff);
    }

    /** The same policy with another limit on records given up in a row; at least 1. */
    default FailurePolicy withMaxConsecutiveFailures(int limit) {
        if (limit < 1) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "maxConsecutiveFailures must be positive, not " + limit, null);
        }
        FailurePolicy policy = this;
        return new FailurePolicy() {
            @Override
            public FailureAction decide(RecordFailure failure) {
                return policy.decide(failure);
            }

            @Override
            public int maxConsecutiveFailures() {
                return limit;
            }
        };
    }

    /** Retries, without the action that follows them. */
    record Retrying(int times, Duration backoff) {
        private static final Duration MOST = Duration.ofMinutes(5);

        /** Refuses invalid arguments (TM-103). */
        public Retrying {
            Duration unused = Times.duration("the backoff of retry(...)", backoff);
            if (times < 1) {
                throw new InvalidConfigurationException(
                        ErrorCode.INVALID_SETTING,
                        "invalid retry(" + times + ", " + backoff + "): times must be at least 1, backoff not negative",
                        null);
            }
        }

        /** Then stops the partition in front of the record. */
        public FailurePolicy thenHalt() {
            return then(FailurePolicy.halt());
        }

        /** Then parks the record; see {@link FailureAction#park}. */
        public FailurePolicy thenPark() {
            return then(FailurePolicy.park());
        }

        /** Then parks the record and later ones of its key; see {@link FailureAction#parkKey}. */
        public FailurePolicy thenParkKey() {
            return then(FailurePolicy.parkKey());
        }

        /** Then skips the record; see {@link FailureAction#skip}. */
        public FailurePolicy thenSkip() {
            return then(FailurePolicy.skip());
        }

        /** Then applies another policy. */
        public FailurePolicy then(FailurePolicy last) {
            int most = requireGiven("then", last).maxConsecutiveFailures();
            FailurePolicy first = failure -> failure.attempt() <= times
                    ? FailureAction.retryAfter(wait(failure.attempt()))
                    : last.decide(failure);
            return first.withMaxConsecutiveFailures(most);
        }

        private Duration wait(int attempt) {
            double millis = backoff.toMillis() * Math.pow(2, Math.min(attempt - 1, 40));
            Duration most = backoff.compareTo(MOST) > 0 ? backoff : MOST;
            return millis < most.toMillis() ? Duration.ofMillis((long) millis) : most;
        }
    }
}
