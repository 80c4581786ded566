package dev.tidemark.simulation;

import dev.tidemark.simulation.Database.Session;
import dev.tidemark.simulation.Statements.Kind;
import dev.tidemark.simulation.Statements.Result;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Follows what happens in the simulated database; this one does not look. */
interface Mirror {
    Mirror NONE = new Mirror() {};

    /** A run begins, with nothing in its database. */
    default void begin(World world) {}

    /**
     * The run is over.
     *
     * @return what differed; null if nothing did
     */
    default @Nullable String end() {
        return null;
    }

    /** A statement has been executed. */
    default void executed(Session session, Kind kind, String sql, @Nullable Object[] parameters, Result result) {}

    /** A statement has failed by what it means, and its transaction with it. */
    default void failed(Session session, Kind kind, String sql, @Nullable Object[] parameters, SQLException failure) {}

    /** A statement was refused, without a reason of its own, and its transaction with it. */
    default void refused(Session session) {}

    default void committed(Session session) {}

    default void rolledBack(Session session) {}

    /** The backend is gone. */
    default void ended(Session session) {}

    /** Somebody has locked a row. */
    default void locked(Session session, Key key) {}

    /** Somebody has moved an offset, and commits next. */
    default void moved(Session session, int partition, long to) {}

    /** Somebody has bound the offsets to another topic, and commits next. */
    default void rebound(Session session, String cluster, String topicId, List<Long> starts) {}
}
