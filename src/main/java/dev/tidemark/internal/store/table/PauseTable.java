package dev.tidemark.internal.store.table;

import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.plan.Pauses.Pause;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** All statements on {@code consumer_pause}, for one group. The functions {@code pause} and {@code resume} write it. */
public final class PauseTable {
    private static final String SELECT = "select topic, partition from {schema}.consumer_pause where group_id = ?";

    private final Schema schema;
    private final String groupId;

    public PauseTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** What is paused now, by a plain read. */
    public Pauses read(Connection c) throws SQLException {
        Set<Pause> pauses = new HashSet<>();
        try (PreparedStatement s = Schema.prepare(c, schema.sql(SELECT))) {
            s.setString(1, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    Optional<String> topic = Optional.ofNullable(r.getString("topic"));
                    int partition = r.getInt("partition");
                    pauses.add(new Pause(topic, r.wasNull() ? OptionalInt.empty() : OptionalInt.of(partition)));
                }
            }
        }
        return new Pauses(pauses);
    }
}
