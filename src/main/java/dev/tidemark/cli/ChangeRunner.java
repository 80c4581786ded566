package dev.tidemark.cli;

import dev.tidemark.cli.OffsetChange.Binding;
import dev.tidemark.cli.OffsetChange.Move;
import dev.tidemark.cli.OffsetPlanner.Choice;
import dev.tidemark.cli.OffsetPlanner.MoveTo;
import dev.tidemark.cli.OffsetPlanner.Refuse;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jspecify.annotations.Nullable;

/** Shows a change of offsets, and carries it out if it was told to: all of it in one transaction, or nothing. */
final class ChangeRunner {
    /** How often a busy partition may move on between the look at it and its lock. */
    private static final int ATTEMPTS = 1_000;

    private static final String SAVEPOINT = "before_reset";

    private final String group;
    private final DatabaseOptions database;
    private final OutputOptions output;
    private final ChangeOptions options;
    private final EffectsOptions effects;
    private final List<String> statements;

    ChangeRunner(
            String group,
            DatabaseOptions database,
            OutputOptions output,
            ChangeOptions options,
            EffectsOptions effects) {
        this.group = group;
        this.database = database;
        this.output = output;
        this.options = options;
        this.effects = effects;
        this.statements = effects.statements();
    }

    /** What was done: the moves as they came to be. */
    private record Done(List<Move> moves, @Nullable Long change) {}

    /**
     * Shows it, or does it.
     *
     * @param incarnations of the group's topics before the change was planned: if one is another under its lock, nothing is done
     */
    void run(Handle handle, Map<String, Integer> incarnations, OffsetChange change) {
        change.notes().forEach(output::say);
        if (!options.execute()) {
            print(output, change.all(), null);
            hint(change.all());
            effects.announce(output);
            output.say("Nothing was changed: --execute does it.");
            return;
        }
        database.beginChange(handle);
        Done done =
                handle.inTransaction(TransactionIsolationLevel.READ_COMMITTED, h -> execute(h, incarnations, change));
        print(output, done.moves(), done.change());
        Long id = done.change();
        if (id != null) {
            output.say("Done as change " + id + ". tidemark reset " + group + " --undo " + id
                    + " --execute moves the offsets back.");
        } else {
            output.say("Done.");
        }
    }

    private Done execute(Handle handle, Map<String, Integer> incarnations, OffsetChange change) {
        DatabaseOptions.limitIdle(handle);
        for (Binding binding : change.bindings()) {
            bind(handle, binding);
        }
        List<Move> moves = new ArrayList<>();
        for (Binding binding : change.bindings()) {
            moves.addAll(binding.moves());
        }
        List<Move> resets = new ArrayList<>();
        for (Move move : change.moves()) {
            resets.add(
                    change.selector().isRelative()
                            ? resetFromNow(handle, change.selector(), move)
                            : reset(handle, move));
        }
        requireSameTopics(handle, incarnations, resets);
        moves.addAll(resets);
        effects.run(handle, statements);
        Long id = resets.isEmpty()
                ? null
                : changeOf(handle, resets.get(resets.size() - 1).partition());
        return new Done(moves, id);
    }

    /** Each reset holds its topic's binding, so that it stays what it is now. */
    private void requireSameTopics(Handle handle, Map<String, Integer> incarnations, List<Move> resets) {
        Map<String, Integer> now = StoredGroup.incarnations(handle, database, group);
        for (Move move : resets) {
            String topic = move.partition().topic();
            if (!Objects.equals(now.get(topic), incarnations.get(topic))) {
                throw CommandException.stopped("topic " + topic + " of group " + group
                        + " was bound anew while this planned, so its offsets mean something else now: nothing was changed;"
                        + " call it again");
            }
        }
    }

    private Move reset(Handle handle, Move move) {
        return move.with(reset(handle, move.partition(), move.next()), move.next());
    }

    /**
     * Counts from where the partition stands under its lock. An operator has no right to lock but by the reset itself, so it is
     * taken back, and tried again, where a unit came in between.
     */
    private Move resetFromNow(Handle handle, Selector selector, Move move) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            long stored = stored(handle, move.partition());
            long next = next(selector, move, stored);
            handle.savepoint(SAVEPOINT);
            long found = reset(handle, move.partition(), next);
            if (found == stored) {
                handle.releaseSavepoint(SAVEPOINT);
                return move.with(stored, next);
            }
            handle.rollbackToSavepoint(SAVEPOINT);
        }
        throw CommandException.stopped("topic " + move.partition().topic() + " partition "
                + move.partition().partition()
                + " moves on faster than it can be reset relative to where it is; nothing was changed: pause it first,"
                + " or say --to-offset");
    }

    private static long next(Selector selector, Move move, long stored) {
        Choice choice = OffsetPlanner.choose(selector, move.partition(), stored, move.log());
        if (choice instanceof MoveTo to) {
            return to.offset();
        }
        throw CommandException.nothingMatched(((Refuse) choice).why());
    }

    private long stored(Handle handle, TopicPartition partition) {
        return handle.createQuery(database.sql("""
                        select next_offset from {schema}.stored_offset
                         where group_id = :group and topic = :topic and partition = :partition
                        """))
                .bind("group", group)
                .bind("topic", partition.topic())
                .bind("partition", partition.partition())
                .mapTo(Long.class)
                .findOne()
                .orElseThrow(() -> CommandException.nothingMatched("group " + group + " has no offset for topic "
                        + partition.topic() + " partition " + partition.partition() + " any more"));
    }

    private long reset(Handle handle, TopicPartition partition, long next) {
        return handle.createQuery(
                        database.sql("select {schema}.reset_offset(:group, :topic, :partition, :next, :reason)"))
                .bind("group", group)
                .bind("topic", partition.topic())
                .bind("partition", partition.partition())
                .bind("next", next)
                .bind("reason", options.reason())
                .mapTo(Long.class)
                .one();
    }

    private void bind(Handle handle, Binding binding) {
        Identity identity = binding.identity();
        Integer unused = handle.createQuery(
                        database.sql("select {schema}.bind_topic(:group, :topic, :cluster, :topicId,"
                                + " cast(:offsets as bigint[]), :reason)"))
                .bind("group", group)
                .bind("topic", binding.topic())
                .bind("cluster", identity.clusterId())
                .bind("topicId", identity.topicId().orElse(null))
                .bind("offsets", array(binding.moves()))
                .bind("reason", options.reason())
                .mapTo(Integer.class)
                .one();
    }

    /** The next offsets as an array in SQL's own words. */
    static String array(List<Move> moves) {
        return moves.stream().map(move -> Long.toString(move.next())).collect(Collectors.joining(",", "{", "}"));
    }

    /** While this transaction holds the row, nobody else resets it. */
    private Long changeOf(Handle handle, TopicPartition partition) {
        return handle.createQuery(database.sql("""
                        select change_id from {schema}.audit_log
                         where group_id = :group and topic = :topic and partition = :partition and action = 'reset'
                         order by id desc limit 1
                        """))
                .bind("group", group)
                .bind("topic", partition.topic())
                .bind("partition", partition.partition())
                .mapTo(Long.class)
                .one();
    }

    /** A table of what moves; with the change that it was, if it was done and can be undone. */
    static void print(OutputOptions output, List<Move> moves, @Nullable Long change) {
        Listing listing = change == null
                ? new Listing("topic", "partition", "stored_offset", "new_offset", "lag")
                : new Listing("topic", "partition", "stored_offset", "new_offset", "lag", "change_id");
        for (Move move : moves) {
            String topic = move.partition().topic();
            int partition = move.partition().partition();
            if (change == null) {
                listing.add(topic, partition, move.stored(), move.next(), move.lag());
            } else {
                listing.add(topic, partition, move.stored(), move.next(), move.lag(), change);
            }
        }
        output.print(listing);
    }

    /** What people forget. */
    private void hint(List<Move> moves) {
        if (statements.isEmpty() && moves.stream().anyMatch(Move::goesBack)) {
            output.say(
                    "Records from NEW-OFFSET on will be applied again: --with-sql FILE removes their effects in the same"
                            + " transaction, see docs/reset.md.");
        }
    }
}
