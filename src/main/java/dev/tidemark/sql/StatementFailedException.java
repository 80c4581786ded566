package dev.tidemark.sql;

import dev.tidemark.internal.log.Secrets;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * A statement of a job failed. Has the SQLSTATE of its cause, which is the driver's exception. The message says where, and repeats the
 * server's message, which may contain data.
 */
public final class StatementFailedException extends SQLException {
    private static final long serialVersionUID = 1L;

    private final int statement;
    private final int line;

    StatementFailedException(SqlStatement failed, SqlStatement.Sent sent, SQLException cause) {
        super(
                "statement " + failed.number() + " at line " + failed.line() + ": " + words(failed, sent, cause),
                cause.getSQLState(),
                cause);
        this.statement = failed.number();
        this.line = failed.line();
    }

    /** The server's position refers to what was sent, which the author of the job has never seen. */
    private static String words(SqlStatement failed, SqlStatement.Sent sent, SQLException cause) {
        String message = Secrets.masked(String.valueOf(cause.getMessage()));
        ServerErrorMessage server = cause instanceof PSQLException p ? p.getServerErrorMessage() : null;
        if (server == null || server.getPosition() == 0) {
            return message;
        }
        // The driver translates the word before the number.
        String without = message.replaceFirst("\\R\\s+[^\\r\\n]*\\b" + server.getPosition() + "(?=\\R|$)", "");
        return failed.place(server.getPosition(), sent)
                .map(place -> without + " (" + place + ")")
                .orElse(without);
    }

    /** The number of the statement in the job, from 1. */
    public int statement() {
        return statement;
    }

    /** The line of the job's text on which the statement begins, from 1. */
    public int line() {
        return line;
    }
}
