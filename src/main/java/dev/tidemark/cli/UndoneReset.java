package dev.tidemark.cli;

import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/** Moves offsets back to where they stood before a change. */
final class UndoneReset {
    /** More changes than that help nobody. */
    private static final int NAMED = 5;

    private static final String SAVEPOINT = "before_undo";

    private final String group;
    private final long undone;
    private final DatabaseOptions database;
    private final OutputOptions output;
    private final ChangeOptions change;
    private final EffectsOptions effects;
    private final List<String> statements;

    UndoneReset(
            String group,
            long undone,
            DatabaseOptions database,
            OutputOptions output,
            ChangeOptions change,
            EffectsOptions effects) {
        this.group = group;
        this.undone = undone;
        this.database = database;
        this.output = output;
        this.change = change;
        this.effects = effects;
        this.statements = effects.statements();
    }

    private record Moved(String topic, int partition, long from, long to) {}

    void run(Handle handle) {
        requireOwn(handle);
        database.beginChange(handle);
        List<Moved> moves = handle.inTransaction(TransactionIsolationLevel.READ_COMMITTED, h -> {
            DatabaseOptions.limitIdle(h);
            h.savepoint(SAVEPOINT);
            List<Moved> moved = undo(h);
            if (change.execute()) {
                effects.run(h, statements);
            } else {
                // The store alone knows whether it can be undone, so it is done, and taken back.
                h.rollbackToSavepoint(SAVEPOINT);
            }
            return moved;
        });
        Listing listing = new Listing("topic", "partition", "stored_offset", "new_offset");
        moves.forEach(moved -> listing.add(moved.topic(), moved.partition(), moved.from(), moved.to()));
        output.print(listing);
        if (!change.execute()) {
            effects.announce(output);
        }
        output.say(
                change.execute()
                        ? "Done as change " + undoneBy(handle) + ": change " + undone + " is undone."
                        : "Nothing was changed: --execute does it.");
    }

    private List<Moved> undo(Handle handle) {
        return handle.createQuery(database.sql("select * from {schema}.undo_reset(:change, :reason)"))
                .bind("change", undone)
                .bind("reason", change.reason())
                .map((r, context) -> new Moved(
                        r.getString("topic"), r.getInt("partition"), r.getLong("from_offset"), r.getLong("to_offset")))
                .list();
    }

    /** A change is undone once at most. */
    private long undoneBy(Handle handle) {
        return handle.createQuery(database.sql("""
                        select max(change_id) from {schema}.audit_log where action = 'undo' and details ->> 'undoes' = :change
                        """))
                .bind("change", Long.toString(undone))
                .mapTo(Long.class)
                .one();
    }

    /** A mistyped number must not move another group. */
    private void requireOwn(Handle handle) {
        List<String> groups = handle.createQuery(
                        database.sql("select distinct group_id from {schema}.audit_log where change_id = :change"))
                .bind("change", undone)
                .mapTo(String.class)
                .list();
        if (groups.equals(List.of(group))) {
            return;
        }
        List<Long> own = handle.createQuery(database.sql("""
                        select change_id from {schema}.audit_log
                         where group_id = :group and action in ('reset', 'undo', 'manual_move')
                         group by change_id order by max(id) desc limit
                        """) + NAMED)
                .bind("group", group)
                .mapTo(Long.class)
                .list();
        throw CommandException.nothingMatched("group " + group + " has no change " + undone + " of its own: "
                + (own.isEmpty() ? "none of its offsets was moved yet" : "its latest are " + own));
    }
}
