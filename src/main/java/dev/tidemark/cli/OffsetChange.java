package dev.tidemark.cli;

import dev.tidemark.cli.OffsetPlanner.Choice;
import dev.tidemark.cli.OffsetPlanner.Log;
import dev.tidemark.cli.OffsetPlanner.MoveTo;
import dev.tidemark.cli.OffsetPlanner.Refuse;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Offsets that are to move together, and topics that are to be bound with them. Pure.
 *
 * @param moves in the order in which rows are locked
 * @param notes what the caller should know besides
 */
record OffsetChange(Selector selector, List<Binding> bindings, List<Move> moves, List<String> notes) {
    /** More reasons than that help nobody. */
    private static final int NAMED = 5;

    /** A topic that the group has not met. */
    record Binding(String topic, Identity identity, List<Move> moves) {}

    /**
     * A partition.
     *
     * @param stored where it stands; null if it has no offset yet
     * @param log null where Kafka was not asked
     * @param sampledEnd the log's end as its owner last saw it; null where nobody has
     */
    record Move(
            TopicPartition partition,
            @Nullable Long stored,
            long next,
            @Nullable Log log,
            @Nullable Long sampledEnd) {
        /** The same, from another offset to another. */
        Move with(long nowStored, long nowNext) {
            return new Move(partition, nowStored, nowNext, log, sampledEnd);
        }

        /** How far behind it is then; null where nobody knows. */
        @Nullable
        Long lag() {
            Long end = log != null ? Long.valueOf(log.end()) : sampledEnd;
            return end == null ? null : Math.max(0, end - next);
        }

        boolean goesBack() {
            return stored != null && next < stored;
        }
    }

    /** Plans a reset of these rows; what cannot be is refused for all of them (TM-601). */
    static OffsetChange reset(Selector selector, List<StoredGroup.Row> rows, Map<TopicPartition, Log> logs) {
        List<Move> moves = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        List<String> refusals = new ArrayList<>();
        for (StoredGroup.Row row : rows) {
            Log log = logs.get(row.partition());
            Choice choice = OffsetPlanner.choose(selector, row.partition(), row.nextOffset(), log);
            if (choice instanceof MoveTo to) {
                moves.add(new Move(row.partition(), row.nextOffset(), to.offset(), log, row.logEnd()));
                if (!to.note().isEmpty()) {
                    notes.add(to.note());
                }
            } else if (choice instanceof Refuse refuse) {
                refusals.add(refuse.why());
            }
        }
        refuse(refusals);
        return new OffsetChange(selector, List.of(), moves, notes);
    }

    /** Throws what was refused, if anything was. */
    static void refuse(List<String> refusals) {
        if (!refusals.isEmpty()) {
            String more = refusals.size() > NAMED ? "; and " + (refusals.size() - NAMED) + " more" : "";
            throw CommandException.nothingMatched(String.join(
                            "; ", refusals.subList(0, Math.min(NAMED, refusals.size())))
                    + more + ". Nothing was changed; --force allows offsets outside of the log");
        }
    }

    /** The same with topics that are bound beside. */
    OffsetChange with(List<Binding> others) {
        return new OffsetChange(selector, others, moves, notes);
    }

    /** All partitions, those of new topics first. */
    List<Move> all() {
        List<Move> all = new ArrayList<>();
        bindings.forEach(binding -> all.addAll(binding.moves()));
        all.addAll(moves);
        return all;
    }
}
