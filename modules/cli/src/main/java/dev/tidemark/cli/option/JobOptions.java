package dev.tidemark.cli.option;

import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.sql.ColumnType;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.sql.SqlJobOptions;
import dev.tidemark.sql.StatementFailedException;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The SQL job, and the types of its columns. */
public final class JobOptions {
    @Parameters(index = "0", paramLabel = "JOB.sql", description = "The job: statements that read from records.")
    private Path file = Path.of("");

    @Option(
            names = "--value",
            paramLabel = "TYPE",
            defaultValue = "jsonb",
            completionCandidates = Candidates.ColumnTypes.class,
            description = "The type of column value: jsonb, text or bytea. Default: ${DEFAULT-VALUE}.")
    private ColumnType value = ColumnType.JSONB;

    @Option(
            names = "--key",
            paramLabel = "TYPE",
            defaultValue = "text",
            completionCandidates = Candidates.ColumnTypes.class,
            description = "The type of column key: text, jsonb or bytea. Default: ${DEFAULT-VALUE}.")
    private ColumnType key = ColumnType.TEXT;

    @Option(
            names = "--without-records",
            description = "The job does not read records on purpose: its statements run once for each unit of work."
                    + " Without this, such a job is refused.")
    private boolean withoutRecords;

    /** Reads the file; refuses what is not a valid job (TM-103). */
    public SqlJob read() {
        try {
            SqlJobOptions types = SqlJobOptions.defaults().withKey(key).withValue(value);
            return SqlJob.read(file, withoutRecords ? types.withoutRecords() : types);
        } catch (IOException e) {
            throw CommandException.wrongInput("the SQL job cannot be read: " + file);
        }
    }

    /** Has the server check the job; what it refuses is wrong input (TM-103). */
    public void check(SqlJob job, TidemarkAdmin admin) {
        try {
            admin.check(job);
        } catch (InvalidConfigurationException e) {
            throw e.getCause() instanceof StatementFailedException refused
                    ? CommandException.wrongInput("the server refuses " + file + ", "
                            + String.valueOf(refused.getMessage()).replaceAll("\\R\\s*", " "))
                    : e;
        }
    }

    /** The place in the file where a statement failed. */
    public String place(StatementFailedException failure) {
        return "statement " + failure.statement() + " of " + file + ", at line " + failure.line();
    }
}
