package dev.tidemark.internal.plan;

import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordFailure;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.Evidence.Place;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Decides what to do after a unit of work. */
public final class ReactionPlanner {
    private ReactionPlanner() {}

    /**
     * What is known about the unit.
     *
     * @param groupId the consumer group
     * @param partitions every partition in it
     * @param records how many records it contained
     * @param first the position of its first record
     * @param attempt how often these records were tried in a row, from 1
     * @param random uniform in [0, 1)
     */
    public record UnitFacts(
            String groupId, Set<TopicPartition> partitions, int records, RecordId first, int attempt, double random) {}

    /**
     * What is known about the first record, in case it is the one that failed.
     *
     * @param raw as Kafka delivered it
     * @param attempt how often it was tried by itself, counting this time, from 1
     * @param givenUpInARow how many records of its partition were given up just before it
     * @param lockTimed whether this attempt was one in which a wait for a lock is distinguished from work that takes long
     */
    public record RecordFacts(
            FailurePolicy policy,
            ConsumerRecord<byte[], byte[]> raw,
            int attempt,
            int givenUpInARow,
            boolean lockTimed,
            Evidence evidence) {}

    /** A record by its position, never by its content. */
    public record RecordId(TopicPartition partition, long offset) {
        @Override
        public String toString() {
            return "topic " + partition.topic() + " partition " + partition.partition() + " offset " + offset;
        }
    }

    /**
     * The one place where an outcome turns into a reaction.
     *
     * @param record null if the unit contained no record
     */
    public static Reaction plan(UnitOutcome outcome, UnitFacts facts, @Nullable RecordFacts record) {
        return outcome.fold(new Planner(facts, record));
    }

    /** The cause, for the code of a {@link UnitOutcome.Transient}. */
    public static String words(ErrorCode code) {
        return switch (code) {
            case CONTENTION -> "conflicting transactions (deadlock or serialization failure)";
            case KAFKA_UNAVAILABLE -> "Kafka is unavailable";
            case DEPENDENCY_UNAVAILABLE -> "something that the handler needs is unavailable for now";
            case PROCESS_SUSPENDED -> "the process was suspended while the handler was at work";
            case UNIT_WAITS -> "another transaction holds, or may hold, a lock that the handler needs";
            default -> "the database is unavailable";
        };
    }

    private record Planner(UnitFacts facts, @Nullable RecordFacts record) implements UnitOutcome.Cases<Reaction> {
        @Override
        public Reaction committed(UnitOutcome.Committed outcome) {
            return new Reaction.Proceed(outcome.moves());
        }

        @Override
        public Reaction fenced(UnitOutcome.Fenced outcome) {
            return new Reaction.Reclaim(outcome.lost(), new FencedException(facts.groupId(), outcome.lost()));
        }

        @Override
        public Reaction commitUnknown(UnitOutcome.CommitUnknown outcome) {
            return new Reaction.Reclaim(
                    facts.partitions(),
                    passing(
                            ErrorCode.COMMIT_UNKNOWN,
                            "the outcome of a COMMIT is unknown, the stored offsets will show it",
                            outcome.cause()));
        }

        @Override
        public Reaction transientFailure(UnitOutcome.Transient outcome) {
            if (!outcome.held().isEmpty()) {
                return new Reaction.RetryAfter(
                        Backoff.TRANSIENT.after(facts.attempt(), facts.random()),
                        false,
                        new TidemarkException(
                                ErrorCode.ROW_LOCKED,
                                "group " + facts.groupId() + ": another transaction holds the offset rows of "
                                        + sorted(outcome.held()) + ", trying again",
                                outcome.cause()),
                        outcome.held());
            }
            return wait(outcome.code(), words(outcome.code()), outcome.cause());
        }

        private Reaction wait(ErrorCode code, String what, Throwable cause) {
            boolean contention = code == ErrorCode.CONTENTION;
            Backoff backoff = contention ? Backoff.CONTENTION : Backoff.TRANSIENT;
            return new Reaction.RetryAfter(
                    backoff.after(facts.attempt(), facts.random()), contention, passing(code, what, cause), Set.of());
        }

        @Override
        public Reaction handlerFailed(UnitOutcome.HandlerFailed outcome) {
            if (facts.records() > 1) {
                return new Reaction.Isolate();
            }
            if (record != null && outcome.isOfTimeLimit() && !record.lockTimed()) {
                return new Reaction.TryLockTimed();
            }
            boolean late = outcome.code() == ErrorCode.DEADLINE_PASSED;
            String what = late ? "the handler ran past the deadline of its unit at " : "the handler failed at ";
            return failed(
                    outcome.code(), what + facts.first(), "the handler or the data", outcome.cause(), outcome.facts());
        }

        @Override
        public Reaction undecodable(UnitOutcome.Undecodable outcome) {
            String what = "the " + outcome.side() + " of the record at " + facts.first() + " cannot be decoded";
            FailureKind kind = FailureKind.of(outcome.facts());
            return kind == FailureKind.HANDLER
                    ? failed(ErrorCode.RECORD_UNDECODABLE, what, "the deserializer", outcome.cause(), outcome.facts())
                    : wait(ErrorCode.DEPENDENCY_UNAVAILABLE, what + " for now", outcome.cause());
        }

        @Override
        public Reaction refused(UnitOutcome.Refused outcome) {
            return new Reaction.Halt(outcome.error(), outcome.topics());
        }

        private Reaction failed(ErrorCode code, String what, String fix, Throwable cause, SqlFacts sql) {
            if (record == null) {
                return wait(code, what, cause);
            }
            if (sql.isTheJobs()) {
                boolean used = record.evidence().place() == Place.USED;
                return used ? new Reaction.TryAgain(null) : notTheRecords(what, cause, sql);
            }
            @Nullable FailureAction action = record.evidence().decided();
            if (action == null) {
                try {
                    action = record.policy().decide(new RecordFailure(record.raw(), code, cause, record.attempt()));
                } catch (Throwable e) {
                    Fatal.rethrow(e);
                    if (e != cause) {
                        e.addSuppressed(cause);
                    }
                    return halt(ErrorCode.HANDLER_FAILED, "the failure policy itself failed when " + what, e);
                }
            }
            if (action == null) {
                return halt(ErrorCode.HANDLER_FAILED, "the failure policy returned null when " + what, cause);
            }
            if (action instanceof FailureAction.Retry retry) {
                return new Reaction.RetryRecord(retry.delay(), error(code, what + ", trying again", cause));
            }
            boolean halts = action instanceof FailureAction.Halt;
            Verdict verdict = halts && !sql.mayPass()
                    ? Verdict.beforeHalt(sql, record.evidence())
                    : Verdict.of(code, sql, record.evidence());
            if (halts && verdict == Verdict.THE_RECORDS) {
                return halt(
                        code,
                        what + session(record.evidence()) + ": fix " + fix + ", then restart the consumer",
                        cause);
            }
            return switch (verdict) {
                case TRY_NEIGHBOURS -> new Reaction.TryNeighbours(action);
                case TRY_AGAIN -> new Reaction.TryAgain(action);
                case TRY_LATER ->
                    new Reaction.TryLater(
                            Backoff.TRANSIENT.after(record.evidence().round(), facts.random()),
                            action,
                            error(code, what + ", trying again", cause));
                case NOT_THE_RECORDS -> notTheRecords(what, cause, sql);
                case MAY_PASS -> {
                    ErrorCode why = FailureKind.TRANSIENT.code(sql);
                    yield wait(why, words(why), cause);
                }
                case THE_RECORDS ->
                    giveUp(
                            code,
                            what,
                            fix,
                            cause,
                            action,
                            Verdict.isLimited(code, sql, record.evidence()) ? notTheRecords(what, cause, sql) : null);
            };
        }

        private Reaction.Halt notTheRecords(String what, Throwable cause, SqlFacts sql) {
            String kind = sql.sqlState() == null ? "" : ", with SQLSTATE " + sql.sqlState();
            return halt(
                    ErrorCode.NOT_THE_RECORD,
                    what + kind
                            + ", which is the fault of the handler, the schema or the environment and not the record's"
                            + (sql.isTheJobs()
                                    ? ""
                                    : why(Objects.requireNonNull(record).evidence()))
                            + ": fix them, then restart the consumer",
                    cause);
        }

        private static String session(Evidence evidence) {
            return evidence.place() == Place.USED_ONLY
                    ? ", or for what another record's handler left in the database session, since the pool provides only"
                            + " sessions that handlers have used"
                    : "";
        }

        private static String why(Evidence evidence) {
            if (evidence.place() == Place.USED_ONLY) {
                return session(evidence);
            }
            if (evidence.proof() == Evidence.Proof.UNTRIED) {
                return " as far as is known: those behind it cannot be compared with it";
            }
            return evidence.neighboursAlike().orElse(0) > 0
                    ? ": other records fail in the same way and none succeeds"
                    : ": records before it failed and none between them had an effect on a table";
        }

        private Reaction giveUp(
                ErrorCode code,
                String what,
                String fix,
                Throwable cause,
                FailureAction action,
                Reaction.@Nullable Halt otherwise) {
            RecordFacts known = Objects.requireNonNull(record);
            if (known.givenUpInARow() >= known.policy().maxConsecutiveFailures()) {
                return halt(
                        ErrorCode.NOT_THE_RECORD,
                        what + ", after " + known.givenUpInARow() + " records in a row were parked or skipped: fix "
                                + fix + ", then restart the consumer, or raise maxConsecutiveFailures",
                        cause);
            }
            String given = action instanceof FailureAction.Skip ? ", skipped" : ", parked";
            return new Reaction.GiveUp(action, error(code, what + given, cause), otherwise);
        }

        @Override
        public Reaction transactionBroken(UnitOutcome.TransactionBroken outcome) {
            if (outcome.undone() && facts.records() > 1) {
                return new Reaction.Isolate();
            }
            return halt(
                    ErrorCode.TRANSACTION_BROKEN,
                    outcome.how() + "; the unit began at " + facts.first() + " and contained " + facts.records()
                            + " record(s) of " + sorted(facts.partitions())
                            + ": leave commit, rollback and failed statements to Tidemark",
                    outcome.cause());
        }

        @Override
        public Reaction storeFailed(UnitOutcome.StoreFailed outcome) {
            return new Reaction.Stop(outcome.error());
        }

        private Reaction.Halt halt(ErrorCode code, String message, @Nullable Throwable cause) {
            return new Reaction.Halt(error(code, message, cause));
        }

        private RecordFailedException error(ErrorCode code, String message, @Nullable Throwable cause) {
            return new RecordFailedException(code, "group " + facts.groupId() + ": " + message, cause);
        }

        private TidemarkException passing(ErrorCode code, String what, Throwable cause) {
            return new TidemarkException(
                    code, "group " + facts.groupId() + ": " + what + " (" + sorted(facts.partitions()) + ")", cause);
        }

        private static List<String> sorted(Set<TopicPartition> partitions) {
            return List.copyOf(new TreeSet<>(
                    partitions.stream().map(TopicPartition::toString).toList()));
        }
    }
}
