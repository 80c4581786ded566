package dev.tidemark.cli;

import dev.tidemark.internal.plan.TransactionVerbs;
import dev.tidemark.internal.store.SqlFailures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.Parser;
import picocli.CommandLine.Option;

/** SQL of the caller's that belongs to a change of offsets: what makes the effects fit again. */
final class EffectsOptions {
    @Option(
            names = "--with-sql",
            paramLabel = "FILE",
            description =
                    "SQL to run in the same transaction, after the offsets have moved: to remove the effects of records"
                            + " that are read again.")
    private @Nullable Path file;

    /** The statements; none if no file was given. Refuses what would end the transaction (TM-103). */
    List<String> statements() {
        if (file == null) {
            return List.of();
        }
        List<String> statements;
        try {
            // The driver's own, so that a semicolon in a text or a function's body ends nothing.
            statements = Parser.parseJdbcSql(Files.readString(file), true, false, true, false, true).stream()
                    .map(query -> query.nativeSql)
                    .toList();
        } catch (IOException | SQLException e) {
            throw CommandException.wrongInput("the file of --with-sql cannot be read: " + file);
        }
        if (statements.stream().anyMatch(TransactionVerbs::endsTransaction)) {
            throw CommandException.wrongInput("the SQL of " + file
                    + " ends the transaction, which is to hold the change of offsets too: leave that out");
        }
        return statements;
    }

    /** Says to people that there is SQL to come. */
    void announce(OutputOptions output) {
        if (file != null) {
            output.say("Then the SQL of " + file + " is run, in the same transaction.");
        }
    }

    /** Runs the statements in the transaction that is open. */
    void run(Handle handle, List<String> statements) {
        try (Statement statement = handle.getConnection().createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            if (SqlFailures.facts(e).is("40P01")) {
                throw CommandException.failed(
                        "the SQL of " + file
                                + " and a unit of work waited for each other: nothing was changed; pause the"
                                + " group, and try again",
                        e);
            }
            throw CommandException.failed(
                    "the SQL of " + file + " failed (" + SqlFailures.describe(e)
                            + "): nothing was changed; --debug shows the message, which may hold data",
                    e);
        }
    }
}
