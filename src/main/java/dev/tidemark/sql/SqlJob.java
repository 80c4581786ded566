package dev.tidemark.sql;

import dev.tidemark.BatchHandler;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.plan.SqlScanner;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.jdbc.PreferQueryMode;

/**
 * A job written in SQL: its statements run once for each unit of work, in their order and in the unit's transaction. In them {@code
 * records} is the unit, with the columns
 *
 * <ul>
 *   <li>{@code topic text}, {@code partition int}, {@code "offset" bigint},
 *   <li>{@code timestamp timestamptz}, null if Kafka has none,
 *   <li>{@code key} and {@code value} of the types that {@link SqlJobOptions} name, null if the record has none,
 *   <li>{@code headers jsonb}, an object of strings; of headers with the same name the last one counts, and U+FFFD replaces what is
 *       not text.
 * </ul>
 *
 * <p>Rows come in no guaranteed order; within a partition {@code order by "offset"} is the log's. A column is converted from its bytes
 * only if a statement uses it. {@code records} can be read by SELECT, INSERT, UPDATE, DELETE and MERGE, not inside functions that
 * they call, and hides a table of that name. The result of a SELECT is discarded.
 *
 * <p>A job that does not read {@code records} is refused, as it would silently skip its topic, unless {@link
 * SqlJobOptions#withoutRecords} says that this is intended.
 *
 * <p>It leaves nothing in the session, in the catalogs or on the server, so that it works through PgBouncer in transaction mode.
 * It handles the raw bytes: do not set {@code deserializers}.
 *
 * <p>Immutable and thread-safe.
 */
public final class SqlJob implements BatchHandler<byte[], byte[]> {
    private static final String PREPARE = "prepare tidemark_check as ";
    private static final String DEALLOCATE = "deallocate tidemark_check";

    private final List<SqlStatement> statements;
    private final UnitRelation relation;

    private SqlJob(String sql, SqlJobOptions options) {
        // Some editors add it; it is not part of the SQL.
        this.statements = SqlScript.parse(SqlScanner.withoutMark(sql));
        if (!options.mayIgnoreRecords() && statements.stream().noneMatch(SqlStatement::readsRecords)) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "no statement of the SQL job reads records, so the topic would be skipped without any effect: read them,"
                            + " as in insert into ... select ... from records, or say that this is intended"
                            + " (--without-records, SqlJobOptions.withoutRecords)",
                    null);
        }
        this.relation = new UnitRelation(options);
    }

    /** A job of this text, with text keys and JSON values. */
    public static SqlJob of(String sql) {
        return of(sql, SqlJobOptions.defaults());
    }

    /**
     * A job of this text.
     *
     * @throws InvalidConfigurationException if it contains no statement, an unterminated quote, a parameter, or a statement that
     *     begins or ends transactions or changes the session, or if none of its statements reads {@code records} and the options do
     *     not say that this is intended (TM-103)
     */
    public static SqlJob of(String sql, SqlJobOptions options) {
        return new SqlJob(sql, options);
    }

    /** A job of a file in UTF-8, with text keys and JSON values. */
    public static SqlJob read(Path file) throws IOException {
        return read(file, SqlJobOptions.defaults());
    }

    /**
     * A job of a file in UTF-8.
     *
     * @throws IOException if the file cannot be read
     * @throws InvalidConfigurationException as {@link #of(String, SqlJobOptions)}, or if it is not UTF-8
     */
    public static SqlJob read(Path file, SqlJobOptions options) throws IOException {
        try {
            return of(Files.readString(file), options);
        } catch (CharacterCodingException e) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "the SQL job in " + file + " is not written in UTF-8", e);
        }
    }

    /**
     * Has the server check the statements without running any, as far as possible: it ends at the first one that may create what
     * later ones use, such as CREATE or SELECT INTO.
     *
     * @throws StatementFailedException for the first statement that the server refuses; as no record is involved, its message
     *     contains only the server's message about the SQL
     * @throws SQLException if the server cannot be reached
     */
    public void check(Connection connection) throws SQLException {
        boolean simple = isSimple(connection);
        for (SqlStatement statement : statements) {
            if (!statement.isQuery() || (simple && statement.createsTable())) {
                return;
            }
            if (simple) {
                checkByName(connection, statement);
            } else {
                try (PreparedStatement s = prepare(connection, statement)) {
                    var unused = s.getParameterMetaData();
                } catch (SQLException e) {
                    throw failed(statement, false, e);
                }
            }
            if (statement.createsTable()) {
                return;
            }
        }
    }

    /** In simple mode the driver runs a statement of which it is asked to describe the parameters. */
    private void checkByName(Connection connection, SqlStatement statement) throws SQLException {
        String sql = connection.nativeSQL(text(statement));
        try (Statement s = connection.createStatement()) {
            s.setEscapeProcessing(false);
            // In one message, so that a pooler has one connection prepare and forget it.
            boolean unused = s.execute(PREPARE + sql + "\n;" + DEALLOCATE);
        } catch (SQLException e) {
            throw new StatementFailedException(
                    statement, new SqlStatement.Sent(expression(statement), PREPARE.length(), false), e);
        }
    }

    /** Whether the driver puts values into the text instead of sending them as parameters. */
    private static boolean isSimple(Connection connection) throws SQLException {
        return connection.isWrapperFor(PGConnection.class)
                && connection.unwrap(PGConnection.class).getPreferQueryMode() == PreferQueryMode.SIMPLE;
    }

    @Override
    public void handle(List<ConsumerRecord<byte[], byte[]>> records, Handle tx) throws SQLException {
        Connection connection = tx.getConnection();
        UnitRelation.Rows rows = relation.rows(connection, records);
        // Before anything fails: a pool may have closed the connection by then, which would hide what did.
        boolean withValues = isSimple(connection);
        for (SqlStatement statement : statements) {
            try (PreparedStatement s = prepare(connection, statement)) {
                if (statement.takesRecords()) {
                    rows.bind(s);
                }
                boolean unused = s.execute();
            } catch (SQLException e) {
                throw failed(statement, withValues, e);
            }
        }
    }

    private StatementFailedException failed(SqlStatement statement, boolean withValues, SQLException e) {
        return new StatementFailedException(statement, new SqlStatement.Sent(expression(statement), 0, withValues), e);
    }

    private String text(SqlStatement statement) {
        return statement.takesRecords() ? statement.with(relation.expression()) : statement.text();
    }

    private String expression(SqlStatement statement) {
        return statement.takesRecords() ? relation.expression() : "";
    }

    /** Not kept by the server, so that a pooler can hand out another connection for the next unit. */
    private PreparedStatement prepare(Connection connection, SqlStatement statement) throws SQLException {
        PreparedStatement prepared = connection.prepareStatement(text(statement));
        if (prepared.isWrapperFor(PGStatement.class)) {
            prepared.unwrap(PGStatement.class).setPrepareThreshold(0);
        }
        return prepared;
    }
}
