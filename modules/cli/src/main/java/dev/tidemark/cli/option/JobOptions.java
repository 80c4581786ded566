package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import dev.tidemark.internal.store.NotConnectedException;
import dev.tidemark.sql.ColumnType;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.sql.SqlJobOptions;
import dev.tidemark.sql.StatementFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which SQL job, and how it sees its records. */
public final class JobOptions {
    @Parameters(index = "0", paramLabel = "JOB.sql", description = "The job: statements that read from records.")
    private Path file = Path.of("");

    @Option(
            names = "--value",
            paramLabel = "TYPE",
            defaultValue = "jsonb",
            description = "What column value is: jsonb, text or bytea. Default: ${DEFAULT-VALUE}.")
    private ColumnType value = ColumnType.JSONB;

    @Option(
            names = "--key",
            paramLabel = "TYPE",
            defaultValue = "text",
            description = "What column key is: text, jsonb or bytea. Default: ${DEFAULT-VALUE}.")
    private ColumnType key = ColumnType.TEXT;

    @Option(
            names = "--without-records",
            description =
                    "The job reads records nowhere, and that is meant: its statements run once for each unit of work."
                            + " Without this, such a job is refused.")
    private boolean withoutRecords;

    /** Reads the file; refuses what is no job (TM-103). */
    public SqlJob read() {
        try {
            SqlJobOptions types = SqlJobOptions.defaults().withKey(key).withValue(value);
            return SqlJob.read(file, withoutRecords ? types.withoutRecords() : types);
        } catch (IOException e) {
            throw CommandException.wrongInput("the SQL job cannot be read: " + file);
        }
    }

    /** Has the server look at the job; what it refuses is wrong input (TM-103). A server that cannot be asked says nothing. */
    public void check(SqlJob job, DataSource database) throws SQLException {
        try (Connection connection = NotConnectedException.open(database)) {
            job.check(connection);
        } catch (StatementFailedException e) {
            String state = e.getSQLState() == null ? "" : e.getSQLState();
            if (state.startsWith("42") || state.startsWith("0A")) {
                // No record was near it, so the server's words hold none.
                throw CommandException.wrongInput("the server refuses " + file + ", "
                        + String.valueOf(e.getMessage()).replaceAll("\\R\\s*", " "));
            }
            throw e;
        }
    }

    /** Where in the file a statement failed. */
    public String place(StatementFailedException failure) {
        return "statement " + failure.statement() + " of " + file + ", at line " + failure.line();
    }
}
