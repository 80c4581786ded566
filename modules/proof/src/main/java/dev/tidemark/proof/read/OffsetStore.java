package dev.tidemark.proof.read;

import dev.tidemark.proof.check.Advance;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the offset store of one group and topic, as tables and views. */
public final class OffsetStore {
    private final String schema;
    private final String group;
    private final String topic;

    public OffsetStore(String schema, String group, String topic) {
        this.schema = schema;
        this.group = group;
        this.topic = topic;
    }

    /** The stored offset of each partition. */
    public Map<Integer, Long> positions(Connection c) throws SQLException {
        return numbers(
                c, "select partition, next_offset from " + schema + ".stored_offset where group_id = ? and topic = ?");
    }

    /** The lag of each partition as the view has it; unknown ones are missing. */
    public Map<Integer, Long> lags(Connection c) throws SQLException {
        return numbers(
                c,
                "select partition, lag from " + schema
                        + ".consumer_lag where group_id = ? and topic = ? and lag is not null");
    }

    /** Which topic of that name is bound. */
    public int incarnation(Connection c) throws SQLException {
        return numbers(c, "select 0, incarnation from " + schema + ".topic_binding where group_id = ? and topic = ?")
                .getOrDefault(0, 1L)
                .intValue();
    }

    private Map<Integer, Long> numbers(Connection c, String sql) throws SQLException {
        Map<Integer, Long> numbers = new HashMap<>();
        try (PreparedStatement s = c.prepareStatement(sql)) {
            s.setString(1, group);
            s.setString(2, topic);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    numbers.put(r.getInt(1), r.getLong(2));
                }
            }
        }
        return numbers;
    }

    /** Every change of a stored offset that the audit trigger saw, in order; empty if there is no trigger. */
    public List<Advance> advances(Connection c) throws SQLException {
        if (!AdvanceAudit.isInstalled(c)) {
            return List.of();
        }
        List<Advance> advances = new ArrayList<>();
        try (PreparedStatement s =
                c.prepareStatement("select partition, incarnation, previous, next, token, epoch, owner, at" + " from "
                        + AdvanceAudit.TABLE + " where group_id = ? and topic = ? order by id")) {
            s.setString(1, group);
            s.setString(2, topic);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    advances.add(new Advance(
                            r.getInt(1),
                            r.getInt(2),
                            r.getLong(3),
                            r.getLong(4),
                            r.getString(5),
                            r.getLong(6),
                            r.getString(7),
                            r.getTimestamp(8).toInstant()));
                }
            }
        }
        return advances;
    }
}
