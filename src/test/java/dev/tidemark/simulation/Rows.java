package dev.tidemark.simulation;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The rows of the simulated tables, as far as anything depends on them. There is one group, and one topic. */
final class Rows {
    private Rows() {}

    record Binding(String cluster, String topicId, int incarnation, int partitions) {}

    record Offset(
            long next,
            @Nullable Integer leaderEpoch,
            @Nullable UUID token,
            @Nullable String owner,
            long ownerEpoch,
            long progressEpoch,
            int givenUpInRow,
            int givenUpUnproven,
            @Nullable Long givenUpOffset) {
        static Offset at(long next) {
            return new Offset(next, null, null, null, 0, 0, 0, 0, null);
        }

        Offset claimed(UUID by, @Nullable String name) {
            return new Offset(
                    next,
                    leaderEpoch,
                    by,
                    name,
                    ownerEpoch + 1,
                    progressEpoch,
                    givenUpInRow,
                    givenUpUnproven,
                    givenUpOffset);
        }

        Offset released() {
            return new Offset(
                    next,
                    leaderEpoch,
                    null,
                    null,
                    ownerEpoch,
                    ownerEpoch,
                    givenUpInRow,
                    givenUpUnproven,
                    givenUpOffset);
        }

        Offset advanced(long to, @Nullable Integer epoch) {
            return new Offset(
                    to, epoch, token, owner, ownerEpoch, ownerEpoch, givenUpInRow, givenUpUnproven, givenUpOffset);
        }

        /** As the trigger changes it when it is moved by hand. */
        Offset moved(long to) {
            return new Offset(to, null, null, null, ownerEpoch + 1, progressEpoch, 0, 0, null);
        }

        Offset gaveUp(int inRow, int unproven, @Nullable Long last) {
            return new Offset(next, leaderEpoch, token, owner, ownerEpoch, progressEpoch, inRow, unproven, last);
        }
    }

    /**
     * @param waitingEpoch of the claim that waits; null if none does
     */
    record State(
            boolean halted,
            @Nullable String code,
            @Nullable Long suspectOffset,
            int suspectAttempts,
            @Nullable Long waitingEpoch) {
        static final State NONE = new State(false, null, null, 0, null);

        State halted(String why) {
            return new State(true, why, suspectOffset, suspectAttempts, waitingEpoch);
        }

        State claimed() {
            return new State(false, null, suspectOffset, suspectAttempts, null);
        }

        State suspects(@Nullable Long offset, int attempts) {
            return new State(halted, code, offset, attempts, waitingEpoch);
        }

        State waits(@Nullable Long epoch) {
            return new State(halted, code, suspectOffset, suspectAttempts, epoch);
        }
    }

    /**
     * @param follows whether it was parked only since an earlier one of its key was
     * @param readAgain whether a move by hand found that its record had been read again since it was superseded
     */
    record Letter(
            int incarnation,
            int partition,
            long offset,
            @Nullable ByteBuffer keyHash,
            boolean holdsKey,
            boolean follows,
            boolean superseded,
            boolean readAgain) {
        Letter marked(boolean isSuperseded, boolean isReadAgain) {
            return new Letter(incarnation, partition, offset, keyHash, holdsKey, follows, isSuperseded, isReadAgain);
        }
    }

    record LogEnd(long start, long end) {}

    record Audit(
            String action,
            int partition,
            @Nullable Long from,
            @Nullable Long to) {}

    record Effect(int partition, long offset, long version) {}

    record Total(long count) {}
}
