package dev.tidemark.simulation;

import dev.tidemark.simulation.Database.Cause;
import dev.tidemark.simulation.Database.Commit;
import dev.tidemark.simulation.Database.Move;
import dev.tidemark.simulation.Rows.Audit;
import dev.tidemark.simulation.Rows.Binding;
import dev.tidemark.simulation.Rows.Effect;
import dev.tidemark.simulation.Rows.Letter;
import dev.tidemark.simulation.Rows.Offset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Judges each commit: what it moves an offset over has taken effect in it, once and in order, or was given up because it fails by
 * itself; nothing else has taken effect; and offsets are moved by whoever holds the last claim.
 */
final class Oracle {
    private final Broker broker;
    private final Database database;
    private final Set<UUID> tokens = new HashSet<>();
    int effects;
    int givenUp;
    int advances;
    int claims;

    Oracle(Broker broker, Database database) {
        this.broker = broker;
        this.database = database;
    }

    /** Thrown by what breaks a promise. */
    static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Broken(String what) {
            super(what);
        }
    }

    /** What one transaction did in one partition. */
    private static final class Work {
        final List<Effect> effects = new ArrayList<>();
        final Map<Long, Letter> letters = new TreeMap<>();
        final Set<Long> skipped = new TreeSet<>();
        final List<Audit> gaps = new ArrayList<>();
    }

    void committed(Commit commit) {
        Map<Integer, Work> works = new TreeMap<>();
        commit.after.forEach((key, row) -> {
            Work work = works.computeIfAbsent(key.partition(), p -> new Work());
            if (row instanceof Effect effect) {
                work.effects.add(effect);
            } else if (row instanceof Letter letter && !letter.superseded()) {
                work.letters.put(letter.offset(), letter);
            } else if (row instanceof Audit audit && audit.action().equals("skip")) {
                work.skipped.add(Objects.requireNonNull(audit.from()));
            } else if (row instanceof Audit audit && audit.action().equals("gap")) {
                work.gaps.add(audit);
            }
        });
        Map<Integer, List<Move>> moves = new TreeMap<>();
        commit.moves.forEach(move ->
                moves.computeIfAbsent(move.partition(), p -> new ArrayList<>()).add(move));
        for (Map.Entry<Integer, List<Move>> moved : moves.entrySet()) {
            Offset before = (Offset) commit.before.get(Key.offset(moved.getKey()));
            for (Move move : moved.getValue()) {
                chain(move, before);
                before = move.after();
            }
        }
        for (Map.Entry<Integer, Work> entry : works.entrySet()) {
            List<Move> own = moves.getOrDefault(entry.getKey(), List.of());
            List<Move> steps =
                    own.stream().filter(m -> m.cause() == Cause.ADVANCE).toList();
            if (steps.isEmpty()) {
                if (!entry.getValue().effects.isEmpty()) {
                    throw new Broken("records of partition " + entry.getKey()
                            + " took effect without a move of its offset: " + entry.getValue().effects);
                }
            } else {
                Offset from = Objects.requireNonNull((Offset) commit.before.get(Key.offset(entry.getKey())));
                Offset to = Objects.requireNonNull(steps.get(steps.size() - 1).after());
                check(entry.getKey(), entry.getValue(), from.next(), to.next());
            }
        }
    }

    /**
     * @param before what the partition's row really was
     */
    private void chain(Move move, @Nullable Offset before) {
        Offset after = Objects.requireNonNull(move.after());
        switch (move.cause()) {
            case CLAIM -> {
                claims++;
                if (!tokens.add(Objects.requireNonNull(move.token()))) {
                    throw new Broken(
                            "the token " + move.token() + " of partition " + move.partition() + " was used before");
                }
                if (before != null
                        && (after.ownerEpoch() != before.ownerEpoch() + 1 || after.next() != before.next())) {
                    throw new Broken(
                            "a claim of partition " + move.partition() + " changed " + before + " to " + after);
                }
            }
            case ADVANCE -> {
                advances++;
                if (before == null || !Objects.equals(before.token(), move.token())) {
                    throw new Broken("partition " + move.partition() + " was moved with the token " + move.token()
                            + ", and its owner's is " + (before == null ? null : before.token()));
                }
                if (!before.equals(move.before()) || after.next() < before.next()) {
                    throw new Broken("partition " + move.partition() + " was moved from " + move.before() + " to "
                            + after + ", and was at " + before);
                }
                Binding binding = database.binding();
                if (binding == null) {
                    throw new Broken("partition " + move.partition() + " was moved without a binding");
                }
            }
            case HAND -> {
                if (after.token() != null || (before != null && after.ownerEpoch() <= before.ownerEpoch())) {
                    throw new Broken("a move by hand left partition " + move.partition() + " its owner");
                }
            }
            case BIND, RELEASE -> {}
        }
    }

    private void check(int partition, Work work, long from, long to) {
        String what = "partition " + partition + " moved from " + from + " to " + to + ": ";
        long last = -1;
        for (Effect effect : work.effects) {
            if (effect.offset() <= last) {
                throw new Broken(what + effect + " after offset " + last);
            }
            if (effect.offset() < from || effect.offset() >= to) {
                throw new Broken(what + effect + " is outside of that");
            }
            last = effect.offset();
        }
        String topicId = Objects.requireNonNull(database.binding()).topicId();
        List<Broker.Log> logs = broker.incarnations.getOrDefault(topicId, List.of());
        Broker.Log log = partition < logs.size() ? logs.get(partition) : new Broker.Log();
        Map<Long, Effect> byOffset = new TreeMap<>();
        work.effects.forEach(effect -> byOffset.put(effect.offset(), effect));
        for (long offset = from; offset < to; offset++) {
            check(what, log, offset, byOffset.get(offset), work);
        }
        effects += work.effects.size();
        givenUp += work.letters.size() + work.skipped.size();
    }

    private static void check(String what, Broker.Log log, long offset, @Nullable Effect effect, Work work) {
        List<Broker.Entry> ever = log.ever.getOrDefault(offset, List.of());
        Letter letter = work.letters.get(offset);
        boolean skipped = work.skipped.contains(offset);
        int fates = (effect == null ? 0 : 1) + (letter == null ? 0 : 1) + (skipped ? 1 : 0);
        if (fates > 1) {
            throw new Broken(what + offset + " took effect and was given up");
        }
        if (effect != null) {
            Broker.Entry version = ever.stream()
                    .filter(e -> e.version() == effect.version())
                    .findFirst()
                    .orElseThrow(() -> new Broken(what + effect + " was never in the log that is bound"));
            if (version.nature().bad) {
                throw new Broken(what + effect + " took effect, and is " + version.nature());
            }
            return;
        }
        boolean mayBeGone = log.removed.containsKey(offset)
                || ever.isEmpty()
                || work.gaps.stream()
                        .anyMatch(gap -> offset >= Objects.requireNonNull(gap.from())
                                && offset < Objects.requireNonNull(gap.to()));
        if (letter == null && !skipped) {
            if (!mayBeGone) {
                throw new Broken(what + offset + ", which is " + ever + ", has no effect");
            }
            return;
        }
        if (ever.isEmpty()) {
            throw new Broken(what + offset + " was given up, and there is no such record");
        }
        boolean follows = letter != null && letter.follows();
        if (!follows && ever.stream().noneMatch(e -> e.nature().bad)) {
            throw new Broken(what + offset + " was given up, and is " + ever);
        }
    }
}
