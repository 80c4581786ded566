package dev.tidemark.cli;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** What is asked about groups by more than one command. */
final class Groups {
    /** More names than that help nobody. */
    private static final int NAMED = 10;

    private Groups() {}

    /** The error for a group that the store does not hold (TM-601); names those that it does. */
    static CommandException unknown(Handle handle, DatabaseOptions database, String group) {
        List<String> known = handle.createQuery(database.sql(
                        "select distinct group_id from {schema}.topic_binding order by group_id limit " + (NAMED + 1)))
                .mapTo(String.class)
                .list();
        String there = known.isEmpty()
                ? "it holds none yet"
                : "there is " + String.join(", ", known.subList(0, Math.min(NAMED, known.size())))
                        + (known.size() > NAMED ? ", ..." : "");
        return CommandException.nothingMatched(
                "no group " + group + " in schema " + database.schema().name() + ": " + there);
    }
}
