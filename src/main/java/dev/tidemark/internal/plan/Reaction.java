package dev.tidemark.internal.plan;

import dev.tidemark.FailureAction;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** What to do after a unit of work. */
public sealed interface Reaction {
    /** Java 17 has no pattern switch; with this the compiler makes sure that no case is forgotten. */
    <R> R fold(Cases<R> cases);

    /** One method per case. */
    interface Cases<R> {
        /** See {@link Proceed}. */
        R proceed(Proceed reaction);

        /** See {@link Reclaim}. */
        R reclaim(Reclaim reaction);

        /** See {@link RetryAfter}. */
        R retry(RetryAfter reaction);

        /** The same records again in smaller units, until the failing one is alone. */
        R isolate();

        /** See {@link RetryRecord}. */
        R retryRecord(RetryRecord reaction);

        /** See {@link TryNeighbours}. */
        R tryNeighbours(TryNeighbours reaction);

        /** See {@link TryAgain}. */
        R tryAgain(TryAgain reaction);

        /** See {@link TryLater}. */
        R tryLater(TryLater reaction);

        /** See {@link TryLockTimed}. */
        R tryLockTimed(TryLockTimed reaction);

        /** See {@link GiveUp}. */
        R giveUp(GiveUp reaction);

        /** See {@link Halt}. */
        R halt(Halt reaction);

        /** See {@link Stop}. */
        R stop(Stop reaction);
    }

    /** The unit took effect; each of these claims is at that position now. */
    record Proceed(Map<Claim, Position> moves) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.proceed(this);
        }
    }

    /** Drop what is buffered for these partitions and claim them again if Kafka still assigns them; continue with the rest. */
    record Reclaim(Set<TopicPartition> partitions, TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.reclaim(this);
        }
    }

    /**
     * The same records again under the same claims, after this long; in smaller units if transactions conflicted.
     *
     * @param partitions those that wait; the others of the unit continue at once. All of them if it is empty
     */
    record RetryAfter(Duration delay, boolean smaller, TidemarkException why, Set<TopicPartition> partitions)
            implements Reaction {
        /** Whether this partition waits. */
        public boolean concerns(TopicPartition partition) {
            return partitions.isEmpty() || partitions.contains(partition);
        }

        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.retry(this);
        }
    }

    /** The same records again in smaller units, until the failing one is alone. */
    record Isolate() implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.isolate();
        }
    }

    /** The unit's only record again by itself, after this long, because its failure policy decided so. */
    record RetryRecord(Duration delay, TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.retryRecord(this);
        }
    }

    /**
     * Try other records, in transactions that are rolled back, to find out whether the failure of the unit's only record is its
     * own.
     *
     * @param decided what the failure policy has decided about the record
     */
    record TryNeighbours(FailureAction decided) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.tryNeighbours(this);
        }
    }

    /**
     * The unit's only record again at once, by itself, on a new connection; that does not count as an attempt.
     *
     * @param decided what the failure policy has decided about the record; null if it was not asked
     */
    record TryAgain(@Nullable FailureAction decided) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.tryAgain(this);
        }
    }

    /**
     * The unit's only record again by itself, after this long, in another round of tries; that does not count as an attempt.
     *
     * @param decided what the failure policy has decided about the record
     */
    record TryLater(Duration delay, FailureAction decided, TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.tryLater(this);
        }
    }

    /**
     * The unit's only record again at once, by itself, with waits for locks ended before a time limit does; that does not count as an
     * attempt.
     */
    record TryLockTimed() implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.tryLockTimed(this);
        }
    }

    /**
     * The offset moves beyond the unit's only record, which has no effect but a dead letter or an audit row.
     *
     * @param how to park or skip it
     * @param otherwise what to do instead if {@link Verdict#MOST_WITHOUT_EVIDENCE} others are given up at the same time; null if
     *     that does not matter
     */
    record GiveUp(
            FailureAction how,
            TidemarkException why,
            @Nullable Halt otherwise) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.giveUp(this);
        }
    }

    /** The partitions of this unit halt, or only those of these topics if there are any; the others continue. */
    record Halt(TidemarkException why, Set<String> topics) implements Reaction {
        /** All of the unit's partitions. */
        public Halt(TidemarkException why) {
            this(why, Set.of());
        }

        /** Whether partitions of this topic halt. */
        public boolean concerns(String topic) {
            return topics.isEmpty() || topics.contains(topic);
        }

        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.halt(this);
        }
    }

    /** The whole consumer cannot continue. */
    record Stop(TidemarkException why) implements Reaction {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.stop(this);
        }
    }
}
