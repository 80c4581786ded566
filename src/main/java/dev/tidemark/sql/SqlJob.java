package dev.tidemark.sql;

import dev.tidemark.BatchHandler;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGStatement;

/**
 * A job written in SQL: its statements run once for each unit of work, in their order and in the unit's transaction. In them {@code
 * records} is the unit, with the columns
 *
 * <ul>
 *   <li>{@code topic text}, {@code partition int}, {@code "offset" bigint},
 *   <li>{@code timestamp timestamptz}, null where Kafka has none,
 *   <li>{@code key} and {@code value} of the types that {@link SqlJobOptions} name, null where the record has none,
 *   <li>{@code headers jsonb}, an object of texts; of headers with the same name the last one counts, and what is no text has
 *       U+FFFD in its place.
 * </ul>
 *
 * <p>Rows come in no promised order; within a partition {@code order by "offset"} is the log's. A column is made of its bytes only
 * where a statement uses it. {@code records} can be read by SELECT, INSERT, UPDATE, DELETE and MERGE, not inside of functions that
 * they call, and hides a table of that name. The result of a SELECT is thrown away.
 *
 * <p>A job that reads {@code records} nowhere is refused, as it would pass over its topic without a word, unless {@link
 * SqlJobOptions#withoutRecords} says that this is meant.
 *
 * <p>Nothing of it stays in the session, in the catalogs or on the server, so that it works through PgBouncer in transaction mode.
 * It handles the raw bytes: leave {@code deserializers} out.
 *
 * <p>Immutable and thread-safe.
 */
public final class SqlJob implements BatchHandler<byte[], byte[]> {
    private static final String BYTE_ORDER_MARK = "\ufeff";

    private final List<SqlStatement> statements;
    private final UnitRelation relation;

    private SqlJob(String sql, SqlJobOptions options) {
        // Editors put it there; it is no part of the SQL.
        this.statements = SqlScript.parse(sql.startsWith(BYTE_ORDER_MARK) ? sql.substring(1) : sql);
        if (!options.mayIgnoreRecords() && statements.stream().noneMatch(SqlStatement::readsRecords)) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "the SQL job reads records in none of its statements, so the topic would be passed over without a record's"
                            + " effect: read them, as in insert into ... select ... from records, or say that it is meant"
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
     * @throws InvalidConfigurationException if it holds no statement, a quote that does not end, a parameter, or a statement that
     *     begins or ends transactions or changes the session, or if none of its statements reads {@code records} and the options do
     *     not say that this is meant (TM-103)
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
     * @throws InvalidConfigurationException as {@link #of(String, SqlJobOptions)}, or if it is no UTF-8
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
     * Has the server look at the statements without running any, as far as that goes: it ends at the first one that may make what
     * later ones use, such as CREATE.
     *
     * @throws StatementFailedException for the first statement that the server refuses; as no record is involved, its message
     *     holds nothing but the server's words about the SQL
     * @throws SQLException if the server cannot be asked
     */
    public void check(Connection connection) throws SQLException {
        for (SqlStatement statement : statements) {
            if (!statement.isQuery()) {
                return;
            }
            try (PreparedStatement s = prepare(connection, statement)) {
                var unused = s.getParameterMetaData();
            } catch (SQLException e) {
                throw failed(statement, e);
            }
        }
    }

    @Override
    public void handle(List<ConsumerRecord<byte[], byte[]>> records, Handle tx) throws SQLException {
        Connection connection = tx.getConnection();
        UnitRelation.Rows rows = relation.rows(connection, records);
        for (SqlStatement statement : statements) {
            try (PreparedStatement s = prepare(connection, statement)) {
                if (statement.takesRecords()) {
                    rows.bind(s);
                }
                boolean unused = s.execute();
            } catch (SQLException e) {
                throw failed(statement, e);
            }
        }
    }

    private StatementFailedException failed(SqlStatement statement, SQLException e) {
        return new StatementFailedException(statement, statement.takesRecords() ? relation.expression() : "", e);
    }

    /** Not kept by the server, so that a pooler can hand out another connection for the next unit. */
    private PreparedStatement prepare(Connection connection, SqlStatement statement) throws SQLException {
        PreparedStatement prepared = connection.prepareStatement(
                statement.takesRecords() ? statement.with(relation.expression()) : statement.text());
        if (prepared.isWrapperFor(PGStatement.class)) {
            prepared.unwrap(PGStatement.class).setPrepareThreshold(0);
        }
        return prepared;
    }
}
