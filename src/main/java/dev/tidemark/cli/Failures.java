package dev.tidemark.cli;

import dev.tidemark.ErrorCode;
import dev.tidemark.TidemarkException;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.store.SqlFailures;
import dev.tidemark.internal.store.StoreErrors;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What a command's failure means to the person who called it: an exit code, and one line with the way out. Pure. */
final class Failures {
    /** Kafka's client says of such a setting that it is invalid in, or has no resolvable, bootstrap urls. */
    private static final String BOOTSTRAP = "bootstrap";

    /** How Kafka's message begins where an Admin client cannot be made. */
    private static final String NOT_MADE = "Failed to create new";

    private Failures() {}

    /** The same failure as an error of ours. */
    static TidemarkException explain(Throwable failure, DatabaseOptions database) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof TidemarkException known) {
                return known;
            }
            if (t instanceof KafkaUnavailableException || t instanceof TimeoutException) {
                return CommandException.away(
                        "Kafka does not answer: check --bootstrap-servers, and whether a broker runs there", failure);
            }
            if (t instanceof ConfigException && String.valueOf(t.getMessage()).contains(BOOTSTRAP)) {
                return CommandException.wrongInput(
                        "--bootstrap-servers names no host that can be found: it is a list such"
                                + " as localhost:9092,other:9092");
            }
            if (t instanceof KafkaException) {
                Optional<TidemarkException> refusal = KafkaErrors.refusal("of this command", t);
                if (refusal.isPresent()) {
                    return refusal.get();
                }
                if (String.valueOf(t.getMessage()).startsWith(NOT_MADE)) {
                    return KafkaErrors.notMade("of this command", t);
                }
            }
        }
        SqlFacts facts = SqlFailures.facts(failure);
        return facts.fromDatabase()
                ? ofDatabase(failure, facts, database)
                : new TidemarkException(
                        ErrorCode.UNEXPECTED,
                        "the command failed with " + failure.getClass().getSimpleName()
                                + "; --debug shows where, and the messages, which may hold data",
                        failure);
    }

    private static TidemarkException ofDatabase(Throwable failure, SqlFacts facts, DatabaseOptions database) {
        String own = ownMessage(failure);
        if (own != null && facts.is("P0002")) {
            return CommandException.nothingMatched(own);
        }
        if (own != null && facts.is("22023")) {
            return CommandException.wrongInput(own);
        }
        if (own != null && facts.is("55000")) {
            return CommandException.refused(own, failure);
        }
        String state = facts.sqlState() == null ? "" : facts.sqlState();
        boolean away =
                facts.connectionLost() || state.startsWith("08") || state.startsWith("53") || state.startsWith("57P0");
        if (away && !StoreErrors.isRefusedLogin(failure)) {
            return CommandException.away(
                    "the database does not answer (" + SqlFailures.describe(failure)
                            + "): check --jdbc-url, and whether the server runs there"
                            + (database.isChanging()
                                    ? ". Whether the change was made is not known; tidemark audit tells"
                                    : ""),
                    failure);
        }
        return StoreErrors.translate(database.schema(), "of this command", failure);
    }

    /** What one of our own functions raised: such a message holds names and offsets, and nothing else. */
    private static @Nullable String ownMessage(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof PSQLException p) {
                ServerErrorMessage message = p.getServerErrorMessage();
                if (message != null && "exec_stmt_raise".equals(message.getRoutine())) {
                    String hint = message.getHint();
                    return message.getMessage() + (hint == null ? "" : ". " + hint);
                }
            }
        }
        return null;
    }

    /** What the process ends with. */
    static int exitCode(TidemarkException failure) {
        if (failure instanceof CommandException known) {
            return known.exitCode();
        }
        return switch (failure.code()) {
            case LOGIN_REFUSED, POOLER_BY_STATEMENT, SERVER_AWAY, KAFKA_REFUSES, SERVER_READ_ONLY -> ExitCode.AWAY;
            case INVALID_SETTING,
                    CONFLICTING_KAFKA_SETTING,
                    CONFLICTING_LIMITS,
                    CONFLICTING_JDBC_SETTING,
                    TOPIC_MISSING -> ExitCode.WRONG_INPUT;
            default -> ExitCode.FAILED;
        };
    }
}
