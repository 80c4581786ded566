package dev.tidemark.internal.store.schema;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/** The schema that the tables live in, and how our own statements are created. */
public record Schema(String name) {
    /** The default schema. */
    public static final String DEFAULT = "tidemark";

    private static final Pattern IDENTIFIER = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

    /**
     * Words that cannot qualify a name everywhere: all of {@code pg_get_keywords()} but the unreserved ones, and those that PL/pgSQL
     * reserves. Some may qualify a table, but not the type of its rows.
     */
    private static final Set<String> RESERVED =
            Set.of(("all analyse analyze and any array as asc asymmetric authorization binary both case cast check "
                            + "collate collation column concurrently constraint create cross current_catalog current_date "
                            + "current_role current_schema current_time current_timestamp current_user default deferrable desc "
                            + "distinct do else end except false fetch for foreign freeze from full grant group having ilike in "
                            + "initially inner intersect into is isnull join lateral leading left like limit localtime "
                            + "localtimestamp natural not notnull null offset on only or order outer overlaps placing primary "
                            + "references returning right select session_user similar some symmetric system_user table tablesample "
                            + "then to trailing true union unique user using variadic verbose when where window with "
                            + "between bigint bit boolean char character coalesce dec decimal exists extract float graph_table "
                            + "greatest grouping inout int integer interval json json_array json_arrayagg json_exists "
                            + "json_object json_objectagg json_query json_scalar json_serialize json_table json_value least "
                            + "merge_action national nchar none normalize nullif numeric out overlay position precision real row "
                            + "setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat "
                            + "xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable "
                            + "begin by declare execute foreach if loop strict while")
                    .split(" "));

    /** Refuses anything but a plain lower-case identifier (TM-103): the name is inserted into SQL as it is. */
    public Schema {
        if (isReserved(name.toLowerCase(Locale.ROOT))) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "schema name '" + name + "' is reserved by PostgreSQL: choose another",
                    null);
        }
        if (!IDENTIFIER.matcher(name).matches()) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "schema name '" + name
                            + "' is not a valid identifier: use lower-case letters, digits and underscores, at most 63",
                    null);
        }
    }

    /** Also the standard's own schema, whose name is no keyword. */
    private static boolean isReserved(String name) {
        return RESERVED.contains(name) || name.startsWith("pg_") || name.equals("information_schema");
    }

    /** The text with the schema's name in place of {@code {schema}}. */
    public String sql(String template) {
        return template.replace("{schema}", name);
    }

    /**
     * A statement that the server never keeps prepared, so that it works through a pooler that assigns another connection to each
     * transaction.
     */
    public static PreparedStatement prepare(Connection connection, String sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        if (statement.isWrapperFor(PGStatement.class)) {
            statement.unwrap(PGStatement.class).setPrepareThreshold(0);
        }
        return statement;
    }

    /**
     * A statement of which the driver decides whether the server keeps it prepared. Only for connections that talk to the server
     * itself.
     *
     * @param kept false for one that the server never keeps prepared, as {@link #prepare(Connection, String)}
     */
    public static PreparedStatement prepare(Connection connection, String sql, boolean kept) throws SQLException {
        return kept ? connection.prepareStatement(sql) : prepare(connection, sql);
    }

    public static void execute(Connection connection, String sql) throws SQLException {
        try (PreparedStatement s = prepare(connection, sql)) {
            s.execute();
        }
    }

    /**
     * Commits, and leaves no COMMIT prepared on the server, as the driver would by default. A pool is bypassed: it may close the
     * connection for an SQLSTATE that a trigger raises at the commit, and then it cannot be determined any more whether the session
     * continued.
     */
    public static void commit(Connection connection) throws SQLException {
        unprepared(connection, c -> drivers(c).commit());
    }

    private static Connection drivers(Connection connection) throws SQLException {
        return connection.isWrapperFor(PGConnection.class)
                        && connection.unwrap(PGConnection.class) instanceof Connection driver
                ? driver
                : connection;
    }

    /** Rolls back, and leaves no ROLLBACK prepared on the server. */
    public static void rollback(Connection connection) throws SQLException {
        unprepared(connection, Connection::rollback);
    }

    private interface Command {
        void on(Connection connection) throws SQLException;
    }

    private static void unprepared(Connection connection, Command command) throws SQLException {
        if (!connection.isWrapperFor(PGConnection.class)) {
            command.on(connection);
            return;
        }
        PGConnection driver = connection.unwrap(PGConnection.class);
        int threshold = driver.getPrepareThreshold();
        driver.setPrepareThreshold(0);
        try {
            command.on(connection);
        } finally {
            driver.setPrepareThreshold(threshold);
        }
    }

    public static <T> Array texts(Connection c, Collection<T> rows, Function<T, String> column) throws SQLException {
        return c.createArrayOf("text", rows.stream().map(column).toArray(String[]::new));
    }

    public static <T> Array ints(Connection c, Collection<T> rows, Function<T, @Nullable Integer> column)
            throws SQLException {
        return c.createArrayOf("int4", rows.stream().map(column).toArray(Integer[]::new));
    }

    public static <T> Array longs(Connection c, Collection<T> rows, Function<T, Long> column) throws SQLException {
        return c.createArrayOf("int8", rows.stream().map(column).toArray(Long[]::new));
    }

    public static <T> Array uuids(Connection c, Collection<T> rows, Function<T, UUID> column) throws SQLException {
        return c.createArrayOf("uuid", rows.stream().map(column).toArray(UUID[]::new));
    }

    public static Array topics(Connection c, Collection<TopicPartition> partitions) throws SQLException {
        return texts(c, partitions, TopicPartition::topic);
    }

    public static Array numbers(Connection c, Collection<TopicPartition> partitions) throws SQLException {
        return ints(c, List.copyOf(partitions), TopicPartition::partition);
    }
}
