package dev.tidemark.internal.admin;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.log.Secrets;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.store.failure.FailureChain;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.NotConnectedException;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.failure.StoreErrors;
import dev.tidemark.internal.store.schema.Schema;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** The errors of operating a group: each message says how to resolve it, and none contains data. Pure. */
public final class OperatorErrors {
    private static final String WHO = "of this command";

    /** The beginning of Kafka's message when an Admin client cannot be created. */
    private static final String NOT_MADE = "Failed to create new";

    private OperatorErrors() {}

    /** What was asked for does not exist (TM-601); the message says what does. */
    public static TidemarkException nothingMatched(String message) {
        return new TidemarkException(ErrorCode.NOTHING_MATCHED, message, null);
    }

    /** An argument is missing or invalid (TM-103); the message says what is valid. */
    public static TidemarkException invalid(String message) {
        return new InvalidConfigurationException(ErrorCode.INVALID_SETTING, message, null);
    }

    /** A change is refused, and nothing was changed (TM-603); the message contains no data, but the cause may. */
    public static TidemarkException refused(String message, @Nullable Throwable cause) {
        return new TidemarkException(ErrorCode.CHANGE_REFUSED, message, cause);
    }

    /**
     * Translates a failure into a Tidemark error.
     *
     * @param changing whether a transaction was begun that changes something, so that its outcome is unknown if the connection is lost
     */
    public static TidemarkException explain(Schema schema, Throwable failure, boolean changing) {
        for (Throwable t : FailureChain.of(failure)) {
            if (t instanceof TidemarkException known) {
                return known;
            }
            Optional<TidemarkException> ofKafka = ofKafka(t, failure);
            if (ofKafka.isPresent()) {
                return ofKafka.get();
            }
        }
        SqlFacts facts = SqlFailures.facts(failure);
        return facts.fromDatabase()
                ? ofDatabase(schema, failure, facts, changing)
                : new TidemarkException(
                        ErrorCode.UNEXPECTED,
                        "this failed with " + failure.getClass().getSimpleName()
                                + "; the cause (--debug) shows where, and the messages, which may contain data",
                        failure);
    }

    private static Optional<TidemarkException> ofKafka(Throwable t, Throwable failure) {
        if (t instanceof KafkaUnavailableException || t instanceof TimeoutException) {
            return Optional.of(new TidemarkException(
                    ErrorCode.KAFKA_UNAVAILABLE,
                    "Kafka is unreachable: check bootstrap.servers (--bootstrap-servers) and security.protocol, and whether a broker runs there",
                    failure));
        }
        if (t instanceof KafkaException) {
            Optional<String> outage = KafkaErrors.outage(t);
            if (outage.isPresent()) {
                // Without the cause, as KafkaErrors.
                return outage.map(words -> new TidemarkException(
                        ErrorCode.KAFKA_UNAVAILABLE,
                        "Kafka is unreachable: "
                                + words.replace("bootstrap.servers", "bootstrap.servers (--bootstrap-servers)"),
                        null));
            }
            Optional<TidemarkException> refusal = KafkaErrors.refusal(WHO, t);
            return refusal.isPresent() || !String.valueOf(t.getMessage()).startsWith(NOT_MADE)
                    ? refusal
                    : Optional.of(KafkaErrors.notMade(WHO, t));
        }
        return Optional.empty();
    }

    private static TidemarkException ofDatabase(Schema schema, Throwable failure, SqlFacts facts, boolean changing) {
        String own = ownMessage(failure);
        if (own != null && facts.is("P0002")) {
            return nothingMatched(own);
        }
        if (own != null && facts.is("22023")) {
            return invalid(own);
        }
        if (own != null && facts.is("55000")) {
            return refused(own, failure);
        }
        String state = facts.sqlState() == null ? "" : facts.sqlState();
        if (isUnavailable(failure, facts, state)) {
            return unavailable(failure, facts, changing);
        }
        if (facts.is("40P01", "40001")) {
            return new TidemarkException(
                    ErrorCode.CONTENTION,
                    "this and another transaction, such as a unit of work, conflicted ("
                            + FailureWords.describe(failure)
                            + "): " + (changing ? "nothing was changed; " : "")
                            + "try again, and pause the group first if that happens often",
                    failure);
        }
        if (facts.isTimeLimit() || facts.is("55P03")) {
            return new TidemarkException(
                    changing ? ErrorCode.CHANGE_REFUSED : ErrorCode.DATABASE_UNAVAILABLE,
                    "a time limit of the session, or a cancel, ended this (" + FailureWords.describe(failure) + "): "
                            + (changing ? "nothing was changed; " : "")
                            + "try again, or raise lock_timeout, statement_timeout or idle_in_transaction_session_timeout",
                    failure);
        }
        // Raised by a trigger, or a violated constraint; with deferred ones at the commit.
        if (changing && facts.serverReplied() && (state.startsWith("P0") || state.startsWith("23"))) {
            return refused(
                    "a trigger or a constraint of the database refuses this change (" + FailureWords.describe(failure)
                            + "): nothing was changed; the cause (--debug) has the message, which may contain data",
                    failure);
        }
        return StoreErrors.translate(schema, WHO, failure);
    }

    /** A pool that hands out no connection in time has no SQLSTATE. */
    private static boolean isUnavailable(Throwable failure, SqlFacts facts, String state) {
        if (StoreErrors.isRefusedLogin(failure)) {
            return false;
        }
        boolean passes = FailureKind.ofControl(facts) == FailureKind.TRANSIENT && !facts.isTimeLimit();
        return NotConnectedException.in(failure).isPresent()
                || facts.connectionLost()
                || state.startsWith("08")
                || (passes && !facts.is("55P03", "25006", "3D000"));
    }

    /** A server that replies, and goes on to, has rolled back. */
    private static TidemarkException unavailable(Throwable failure, SqlFacts facts, boolean changing) {
        boolean serves = facts.serverReplied() && !facts.connectionLost();
        String advice = serves
                ? "the database cannot serve this for now (" + FailureWords.describe(failure)
                        + "): try again; see the server's log for what it lacks"
                : "the database is unreachable (" + FailureWords.describe(failure)
                        + "): check the JDBC URL (--jdbc-url), and whether the server runs there";
        return new TidemarkException(
                ErrorCode.DATABASE_UNAVAILABLE,
                advice + (changing ? ". Whether the change was made is not known; the audit log shows it" : ""),
                failure);
    }

    /** The message that one of Tidemark's functions raised, which contains only names and offsets. */
    private static @Nullable String ownMessage(Throwable failure) {
        for (Throwable t : FailureChain.of(failure)) {
            if (t instanceof PSQLException p) {
                ServerErrorMessage message = p.getServerErrorMessage();
                if (message != null && "exec_stmt_raise".equals(message.getRoutine())) {
                    String hint = message.getHint();
                    return Secrets.masked(message.getMessage() + (hint == null ? "" : ". " + hint));
                }
            }
        }
        return null;
    }
}
