package dev.tidemark.proof.read;

import dev.tidemark.proof.check.Entry;
import dev.tidemark.proof.check.SumsCheck.Total;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the table of effects, and the table of totals. */
public final class EffectsTable {
    private final Columns columns;

    public EffectsTable(Columns columns) {
        this.columns = columns;
    }

    /** The effects of each partition of a topic, in the order in which they took effect. */
    public Map<Integer, List<Entry>> read(Connection c, String topic) throws SQLException {
        String sql = "select " + columns.partition() + ", " + columns.offset() + ", " + orNull(columns.key(), "text")
                + ", " + orNull(columns.sequence(), "bigint") + ", " + orNull(columns.amount(), "bigint") + " from "
                + columns.table() + (columns.topic() == null ? "" : " where " + columns.topic() + " = ?")
                + (columns.order() == null ? "" : " order by " + columns.order());
        Map<Integer, List<Entry>> effects = new HashMap<>();
        try (PreparedStatement s = c.prepareStatement(sql)) {
            if (columns.topic() != null) {
                s.setString(1, topic);
            }
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    effects.computeIfAbsent(r.getInt(1), p -> new ArrayList<>())
                            .add(new Entry(r.getLong(2), r.getString(3), (Long) r.getObject(4), (Long) r.getObject(5)));
                }
            }
        }
        return effects;
    }

    private static String orNull(@Nullable String column, String type) {
        return column == null ? "null::" + type : "(" + column + ")::" + type;
    }

    /**
     * Reads totals.
     *
     * @param table as {@code name(key, records, amount)}
     */
    public static Map<String, Total> totals(Connection c, String table) throws SQLException {
        int open = table.indexOf('(');
        String columns = table.substring(open + 1, table.lastIndexOf(')'));
        Map<String, Total> totals = new HashMap<>();
        try (PreparedStatement s = c.prepareStatement("select " + columns + " from " + table.substring(0, open));
                ResultSet r = s.executeQuery()) {
            while (r.next()) {
                totals.put(r.getString(1), new Total(r.getLong(2), r.getLong(3)));
            }
        }
        return totals;
    }
}
