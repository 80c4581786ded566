package dev.tidemark.internal.plan;

import dev.tidemark.FailureAction;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What is known, apart from the failure itself, about a record that failed by itself. Evidence is a sequence in time: the record
 * failed, another record succeeded after that, and the record failed again in the same way. Without the last step, an outage that
 * begins between two records would look like a bad record. And it failed at least twice in a row, or a handler that fails every
 * other time would look like one.
 *
 * @param proof which other records have succeeded between two like failures of this one
 * @param neighboursAlike how many other records failed in the same way when they were tried since, in transactions that were rolled
 *     back, of the record's own partition, or else of others; empty if none was tried
 * @param givenUpInARow how many records in a row were given up without a success in between, for a like failure, or for any without
 *     evidence of their own; {@link Verdict#FAILED_TOGETHER} if records failed in the same way and none of them was blamed
 * @param inARow how often in a row this record failed by itself, counting this time, without another one tried in between
 * @param place whether what an earlier unit left in its database session or on its thread could affect it
 * @param round in how many rounds of tries it has failed, counting this one; time passes between rounds
 * @param habit what is known about failures of this kind
 * @param decided what the failure policy has already decided about this attempt; null if it has not been called yet
 */
public record Evidence(
        Proof proof,
        OptionalInt neighboursAlike,
        int givenUpInARow,
        int inARow,
        Place place,
        int round,
        Habit habit,
        @Nullable FailureAction decided) {
    /** Which other records have succeeded in the meantime. */
    public enum Proof {
        /** None as far as is known. */
        NONE,
        /** None, as those that wait behind it cannot be compared with it. */
        UNTRIED,
        /** Of other partitions only: they may depend on something else than this record does. */
        OTHERS,
        /** One of the record's own partition. */
        OWN
    }

    /** What the session and the thread in which a record failed could contain of earlier units. */
    public enum Place {
        /** What they left, so that the record has to be tried in others. */
        USED,
        /** What they left, and the pool has provided no other session. */
        USED_ONLY,
        /** Nothing: no handler had used them before, or this one did not use them. */
        CLEAN
    }

    /** What failures of one kind have turned out to be, for records of one topic. */
    public enum Habit {
        /** None has been followed to its end yet. */
        UNKNOWN(3),
        /** The last one followed to its end was permanent. */
        STAYS(1),
        /** The last one followed to its end went away without a change, as with a service that replies only now and then. */
        PASSES(12);

        private final int rounds;

        Habit(int rounds) {
            this.rounds = rounds;
        }

        /** The one of two that takes more rounds. */
        public Habit or(Habit other) {
            return other.rounds > rounds ? other : this;
        }

        /** In how many rounds of tries a record has to fail before it is given up, unless its failure is conclusive by itself. */
        int rounds() {
            return rounds;
        }
    }

    /** Nothing is known yet. */
    public static Evidence none() {
        return new Evidence(Proof.NONE, OptionalInt.empty(), 0, 0, Place.USED, 1, Habit.UNKNOWN, null);
    }
}
