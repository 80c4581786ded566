package dev.tidemark.sql;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.BatchHandler;
import dev.tidemark.errors.InvalidConfigurationException;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * A statement, and a function from a record to its parameters. The statement runs once for each row of each record, in the records'
 * order, and all of a unit together take a round trip for a thousand rows, where {@code handle} takes one or more for each record:
 *
 * <pre>{@code
 * builder.handleBatch(SqlBatch.of(
 *         "insert into flight (id, origin, flown) values (?, ?, ?)",
 *         (record, rows) -> rows.add(record.key(), record.value().origin(), record.value().flown())));
 * }</pre>
 *
 * <p>A statement is an INSERT, also with ON CONFLICT or RETURNING, an UPDATE, DELETE, MERGE, CALL, or a SELECT of functions that have
 * effects; it may begin with WITH. What it returns is discarded. A SELECT is sent as a common table expression, and so is what
 * precedes some INSERTs, so that a position in a message of the server is not the one in the given text.
 *
 * <p>Parameters are
 *
 * <ul>
 *   <li>null; strings, numbers, booleans, {@code byte[]}, UUID, the classes of {@code java.time} and {@code java.sql}, and
 *       whatever else {@link PreparedStatement#setObject(int, Object)} of PostgreSQL's driver takes,
 *   <li>Instant and ZonedDateTime, as {@code timestamptz},
 *   <li>enums, by their names, for columns of text and of enum types,
 *   <li>collections and arrays, as SQL arrays: of strings, numbers, booleans, {@code byte[]}, UUID, Instant, OffsetDateTime,
 *       ZonedDateTime, LocalDateTime, LocalDate or enums, and of nulls. All elements are of one class; arrays of arrays are not
 *       supported.
 * </ul>
 *
 * <p>Types that a string does not become by itself need a cast in the statement: {@code ?::jsonb}.
 *
 * <p>With {@code reWriteBatchedInserts=true} in the JDBC URL, the driver joins the rows of plain inserts to inserts of many rows, which
 * is faster. Statements whose rows may depend on each other (ON CONFLICT DO UPDATE, subqueries) are kept apart.
 *
 * <p>The driver gives the statement a name on the server unless the URL says {@code prepareThreshold=0}, as the one that
 * PgBouncer in transaction mode needs must: it spares the server parsing it for each row.
 *
 * <p>Immutable and thread-safe if the function is: all workers call it, at the same time.
 *
 * @param <K> the key, as the key deserializer returns it
 * @param <V> the value, as the value deserializer returns it
 */
public final class SqlBatch<K, V> implements BatchHandler<K, V> {
    private static final int SLICE_ROWS = 1_000;
    private static final long SLICE_BYTES = 4 << 20;

    private final BatchStatement statement;
    private final RowFunction<K, V> function;

    /**
     * Which rows a record has.
     *
     * @param <K> the key
     * @param <V> the value
     */
    @FunctionalInterface
    public interface RowFunction<K, V> {
        /**
         * Adds the record's rows: none, one or several. Should have no other effects, since it is called again for records whose
         * transaction did not commit.
         *
         * @param record its value is null for a tombstone
         * @param rows valid until this method returns, on this thread
         * @throws Exception as a {@link BatchHandler} does
         */
        void add(ConsumerRecord<K, V> record, Rows rows) throws Exception;
    }

    /** The rows of a record, which the statement runs once for each of. */
    @FunctionalInterface
    public interface Rows {
        /**
         * Adds a row.
         *
         * @param parameters one for each {@code ?} of the statement, in their order. An array that is the only parameter must be
         *     passed as {@code (Object) array}, or as a List
         * @throws IllegalArgumentException if there are more or fewer, or one is of a class that has no SQL type. The record fails
         *     even if this is caught
         * @throws SQLException if a statement of an earlier row fails; it fails even if this is caught
         */
        void add(@Nullable Object @Nullable ... parameters) throws SQLException;
    }

    private SqlBatch(BatchStatement statement, RowFunction<K, V> function) {
        this.statement = statement;
        this.function = function;
    }

    /**
     * A batch of this statement.
     *
     * @param sql with a {@code ?} for each parameter; the operator {@code ?} is written {@code ??}
     * @param function called for each record, in order
     * @throws InvalidConfigurationException if the text is empty, is more than one statement or none of those named above, or contains
     *     an unterminated quote or {@code $1} (TM-103). The server sees it with the first row
     */
    public static <K, V> SqlBatch<K, V> of(String sql, RowFunction<K, V> function) {
        return new SqlBatch<>(
                BatchStatement.of(requireGiven("SqlBatch.of", sql)), requireGiven("SqlBatch.of", function));
    }

    /**
     * Runs the statement for all rows of these records. A unit that fails is searched for the record that does, as with every
     * {@link BatchHandler}.
     *
     * @throws SQLException as the driver reports the first statement that fails, but without its parameters. The server's own
     *     message may contain data
     * @throws Exception as the function throws it
     */
    @Override
    public void handle(List<ConsumerRecord<K, V>> records, Handle tx) throws Exception {
        try (Batch batch = new Batch(statement, tx.getConnection())) {
            for (ConsumerRecord<K, V> record : records) {
                add(record, batch);
            }
            batch.send();
        }
    }

    private void add(ConsumerRecord<K, V> record, Batch batch) throws Exception {
        try (Adding rows = new Adding(batch)) {
            function.add(record, rows);
            rows.throwCaught();
        }
    }

    /** The rows of one record. */
    private static final class Adding implements Rows, AutoCloseable {
        private final Batch batch;
        private @Nullable Exception failure;
        private boolean over;

        Adding(Batch batch) {
            this.batch = batch;
        }

        @Override
        public void add(@Nullable Object @Nullable ... parameters) throws SQLException {
            if (over) {
                throw new IllegalStateException("the function has returned: a row belongs to its record");
            }
            try {
                // What a call with a single null means.
                batch.add(parameters == null ? new @Nullable Object[] {null} : parameters);
            } catch (SQLException | RuntimeException e) {
                failure = failure == null ? e : failure;
                throw e;
            }
        }

        /** A record takes effect with all its rows or not at all. */
        void throwCaught() throws Exception {
            if (failure != null) {
                throw failure;
            }
        }

        @Override
        public void close() {
            over = true;
        }
    }

    /** The rows of one call, which are sent in slices, so that few are in memory. */
    private static final class Batch implements AutoCloseable {
        private final BatchStatement statement;
        private final Connection connection;
        private @Nullable PreparedStatement prepared;
        private int rows;
        private long bytes;

        Batch(BatchStatement statement, Connection connection) {
            this.statement = statement;
            this.connection = connection;
        }

        void add(@Nullable Object[] parameters) throws SQLException {
            if (parameters.length != statement.parameters()) {
                throw new IllegalArgumentException("the statement of the SQL batch has " + statement.parameters()
                        + " parameters, and the row " + parameters.length);
            }
            PreparedStatement s = prepared;
            if (s == null) {
                s = connection.prepareStatement(statement.sql());
                prepared = s;
            }
            for (int i = 0; i < parameters.length; i++) {
                BatchParameter.bind(s, i + 1, parameters[i]);
                bytes += BatchParameter.size(parameters[i]);
            }
            s.addBatch();
            rows++;
            if (rows >= SLICE_ROWS || bytes >= SLICE_BYTES) {
                send();
            }
        }

        void send() throws SQLException {
            PreparedStatement s = prepared;
            if (s == null || rows == 0) {
                return;
            }
            rows = 0;
            bytes = 0;
            try {
                int[] unused = s.executeBatch();
            } catch (BatchUpdateException e) {
                // Its own message repeats the parameters.
                throw e.getNextException() == null ? e : e.getNextException();
            }
        }

        @Override
        public void close() throws SQLException {
            if (prepared != null) {
                prepared.close();
            }
        }
    }
}
