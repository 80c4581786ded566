package dev.tidemark.internal.plan;

import dev.tidemark.ErrorCode;
import dev.tidemark.FencedException;
import dev.tidemark.RecordFailedException;
import dev.tidemark.TidemarkException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Decides what follows a unit of work. */
public final class ReactionPlanner {
    private ReactionPlanner() {}

    /**
     * What is known about the unit.
     *
     * @param groupId the consumer group
     * @param partitions every partition in it
     * @param records how many records it held
     * @param first the place of its first record
     * @param attempt how often these records were tried in a row, from 1
     * @param random uniform in [0, 1)
     */
    public record UnitFacts(
            String groupId, Set<TopicPartition> partitions, int records, RecordId first, int attempt, double random) {}

    /** A record by its place, never by its content. */
    public record RecordId(TopicPartition partition, long offset) {
        @Override
        public String toString() {
            return "topic " + partition.topic() + " partition " + partition.partition() + " offset " + offset;
        }
    }

    /** The one place where an outcome turns into a reaction. */
    public static Reaction plan(UnitOutcome outcome, UnitFacts facts) {
        return outcome.fold(new Planner(facts));
    }

    private record Planner(UnitFacts facts) implements UnitOutcome.Cases<Reaction> {
        @Override
        public Reaction committed() {
            return new Reaction.GoOn();
        }

        @Override
        public Reaction fenced(UnitOutcome.Fenced outcome) {
            return new Reaction.Reclaim(outcome.lost(), new FencedException(facts.groupId(), outcome.lost()));
        }

        @Override
        public Reaction commitUnknown(UnitOutcome.CommitUnknown outcome) {
            return new Reaction.Reclaim(
                    facts.partitions(),
                    unexpected("the outcome of a COMMIT is unknown, the stored offsets will tell", outcome.cause()));
        }

        @Override
        public Reaction troubled(UnitOutcome.Troubled outcome) {
            boolean contention = outcome.kind() == FailureKind.CONTENTION;
            Backoff backoff = contention ? Backoff.CONTENTION : Backoff.TROUBLE;
            String what = contention ? "transactions in each other's way" : "the database is in trouble";
            return new Reaction.RetryAfter(
                    backoff.after(facts.attempt(), facts.random()), contention, unexpected(what, outcome.cause()));
        }

        @Override
        public Reaction handlerFailed(UnitOutcome.HandlerFailed outcome) {
            if (facts.records() > 1) {
                return new Reaction.Isolate();
            }
            return halt(
                    outcome.code(),
                    (outcome.code() == ErrorCode.DEADLINE_PASSED
                                    ? "the handler ran past the deadline of its unit at "
                                    : "the handler failed at ")
                            + facts.first() + ": mend the handler or the data and start the consumer again",
                    outcome.cause());
        }

        @Override
        public Reaction transactionBroken(UnitOutcome.TransactionBroken outcome) {
            return halt(
                    ErrorCode.TRANSACTION_BROKEN,
                    outcome.how() + "; the unit began at " + facts.first() + " and held " + facts.records()
                            + " record(s) of " + sorted(facts.partitions())
                            + ": leave commit, rollback and failed statements to Tidemark",
                    outcome.cause());
        }

        @Override
        public Reaction storeFailed(UnitOutcome.StoreFailed outcome) {
            return new Reaction.Stop(outcome.error());
        }

        private Reaction halt(ErrorCode code, String message, @Nullable Throwable cause) {
            return new Reaction.Halt(
                    new RecordFailedException(code, "group " + facts.groupId() + ": " + message, cause));
        }

        private TidemarkException unexpected(String what, Throwable cause) {
            return new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + facts.groupId() + ": " + what + " (" + sorted(facts.partitions()) + ")",
                    cause);
        }

        private static List<String> sorted(Set<TopicPartition> partitions) {
            return List.copyOf(new TreeSet<>(
                    partitions.stream().map(TopicPartition::toString).toList()));
        }
    }
}
