package dev.tidemark.sql;

import java.sql.SQLException;

/**
 * A statement of a job failed. Has the SQLSTATE of its cause, which is the driver's exception. The message tells where, and repeats the
 * server's words, which may hold data.
 */
public final class StatementFailedException extends SQLException {
    private static final long serialVersionUID = 1L;

    private final int statement;
    private final int line;

    StatementFailedException(SqlStatement failed, SQLException cause) {
        super(
                "statement " + failed.number() + " at line " + failed.line() + ": " + cause.getMessage(),
                cause.getSQLState(),
                cause);
        this.statement = failed.number();
        this.line = failed.line();
    }

    /** Which statement of the job, from 1. */
    public int statement() {
        return statement;
    }

    /** The line of the job's text on which the statement begins, from 1. */
    public int line() {
        return line;
    }
}
