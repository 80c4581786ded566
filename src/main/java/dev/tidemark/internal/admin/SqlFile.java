package dev.tidemark.internal.admin;

import dev.tidemark.internal.plan.SqlScanner;
import dev.tidemark.internal.plan.TransactionVerbs;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.SqlFailures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.postgresql.core.Parser;

/**
 * SQL that belongs to a change, in its transaction.
 *
 * @param file its file; named in errors
 */
public record SqlFile(Path file, List<String> statements) {
    /** Reads a file; refuses one that cannot be read, contains no statement, or would end the transaction (TM-103). */
    public static SqlFile read(Path file) {
        List<String> statements;
        try {
            // The driver's parser, so that a semicolon in a string or a function's body does not end a statement.
            statements =
                    Parser.parseJdbcSql(SqlScanner.withoutMark(Files.readString(file)), true, false, true, false, true)
                            .stream()
                            .map(query -> query.nativeSql)
                            .toList();
        } catch (IOException | SQLException e) {
            throw OperatorErrors.invalid("the SQL file cannot be read: " + file);
        }
        if (statements.stream().anyMatch(TransactionVerbs::endsTransaction)) {
            throw OperatorErrors.invalid("the SQL of " + file
                    + " ends the transaction, which must include the change of offsets: remove that statement");
        }
        if (statements.isEmpty()) {
            throw OperatorErrors.invalid("the SQL file contains no statement: " + file);
        }
        return new SqlFile(file, statements);
    }

    /** Runs the statements; a failure ends the change (TM-603). */
    public void run(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            if (SqlFailures.facts(e).is("40P01")) {
                throw OperatorErrors.refused(
                        "the SQL of " + file
                                + " and a unit of work deadlocked: nothing was changed; pause the"
                                + " group, and try again",
                        e);
            }
            throw OperatorErrors.refused(
                    "the SQL of " + file + " failed (" + FailureWords.describe(e)
                            + "): nothing was changed; the cause (--debug) has the message, which may contain data",
                    e);
        }
    }
}
