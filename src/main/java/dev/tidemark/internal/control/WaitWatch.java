package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.Waiting;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.lock.LockHolders;
import dev.tidemark.internal.store.lock.UnitWaits;
import dev.tidemark.internal.store.lock.UnitWaits.UnitWait;
import dev.tidemark.internal.store.schema.StoreIdentity;
import dev.tidemark.internal.store.table.PartitionStateTable;
import dev.tidemark.internal.store.table.PartitionStateTable.Wait;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Finds out what units and partitions wait for, and makes waits visible: they are reported to the poll thread, for the status, and
 * long ones are logged once and recorded in {@code partition_state} until they are over. Used by the control thread.
 */
final class WaitWatch {
    private static final Logger LOG = LoggerFactory.getLogger(WaitWatch.class);

    /** Younger units are not checked. */
    private static final Duration LONG_UNIT = Duration.ofSeconds(1);

    /** A statement may be in an extension, or sleep, for a moment; a lock is reported at once. */
    private static final Duration LONG_STATEMENT = Duration.ofSeconds(3);

    /** An operator may have locked the table that this is written to. */
    private static final Duration LOCK_PATIENCE = Duration.ofMillis(500);

    private final String groupId;
    private final ControlConnection connection;
    private final StoreIdentity identity;
    private final PartitionStateTable states;
    private final LockHolders holders;
    private final UnitWaits units;
    private final ControlEvents events;
    private final List<WorkerSession> sessions;
    private final Supplier<List<Waiting>> waiting;
    private final Supplier<Map<TopicPartition, TidemarkException>> withoutRecords;

    private Map<TopicPartition, TidemarkException> reported = Map.of();
    private final Map<TopicPartition, Long> logged = new HashMap<>();
    private final Map<TopicPartition, Wait> written = new HashMap<>();

    /**
     * @param waiting the assigned partitions that make no progress
     * @param withoutRecords those that nothing can be fetched for, with the reason
     */
    WaitWatch(
            String groupId,
            ControlConnection connection,
            StoreIdentity identity,
            PartitionStateTable states,
            LockHolders holders,
            UnitWaits units,
            ControlEvents events,
            List<WorkerSession> sessions,
            Supplier<List<Waiting>> waiting,
            Supplier<Map<TopicPartition, TidemarkException>> withoutRecords) {
        this.groupId = groupId;
        this.connection = connection;
        this.identity = identity;
        this.states = states;
        this.holders = holders;
        this.units = units;
        this.events = events;
        this.sessions = sessions;
        this.waiting = waiting;
        this.withoutRecords = withoutRecords;
    }

    /** Checks once. */
    void look(long now) throws SQLException {
        List<Waiting> current = waiting.get();
        log(current, now);
        Set<TopicPartition> lockedOut = current.stream()
                .filter(Waiting::isLockedOut)
                .map(Waiting::partition)
                .collect(Collectors.toSet());
        Map<String, Collection<Claim>> open = longOpen(now);
        Map<TopicPartition, TidemarkException> found = new HashMap<>(withoutRecords.get());
        if (!open.isEmpty() || !lockedOut.isEmpty()) {
            found.putAll(connection.inTransaction(c -> find(c, open, lockedOut)));
        }
        report(found, current);
        write(current.stream().filter(w -> w.isLong(now)).toList(), now);
    }

    /** Nothing waits here any more: clears what was recorded. */
    void end() throws SQLException {
        write(List.of(), Host.nanoTime());
    }

    private Map<String, Collection<Claim>> longOpen(long now) {
        Map<String, Collection<Claim>> open = new HashMap<>();
        for (WorkerSession session : sessions) {
            OpenUnit unit = session.openUnit();
            if (unit != null && unit.age(now) > LONG_UNIT.toNanos()) {
                open.put(session.applicationName(), unit.claims());
            }
        }
        return open;
    }

    private Map<TopicPartition, TidemarkException> find(
            Connection c, Map<String, Collection<Claim>> open, Set<TopicPartition> lockedOut) throws SQLException {
        Map<TopicPartition, TidemarkException> found = new HashMap<>();
        if (!lockedOut.isEmpty()) {
            holders.of(c, lockedOut).forEach((partition, holder) -> found.put(partition, locked(partition, holder)));
        }
        if (!open.isEmpty()) {
            units.look(c, open.keySet()).forEach((worker, wait) -> {
                if (wait.onLock() || wait.waited().compareTo(LONG_STATEMENT) > 0) {
                    Collection<Claim> claims = open.getOrDefault(worker, List.of());
                    claims.forEach(claim -> found.put(claim.partition(), waits(claims, wait)));
                }
            });
        }
        return found;
    }

    private TidemarkException locked(TopicPartition partition, String holder) {
        return new TidemarkException(
                ErrorCode.ROW_LOCKED,
                "group " + groupId + ": the stored offset of topic " + partition.topic() + " partition "
                        + partition.partition() + " is locked by " + holder + "; waiting for it to end",
                null);
    }

    private TidemarkException waits(Collection<Claim> claims, UnitWait wait) {
        List<String> partitions = claims.stream()
                .map(claim -> claim.partition().toString())
                .sorted()
                .toList();
        return new TidemarkException(
                wait.onStore() ? ErrorCode.ROW_LOCKED : ErrorCode.UNIT_WAITS,
                "group " + groupId + ": the unit of " + partitions + " " + wait.what(),
                null);
    }

    /** A partition that was claimed again in the meantime knows nothing of what was reported before. */
    private void report(Map<TopicPartition, TidemarkException> found, List<Waiting> current) {
        Set<TopicPartition> known = current.stream().map(Waiting::partition).collect(Collectors.toSet());
        if (!known.containsAll(found.keySet()) || !words(found).equals(words(reported))) {
            reported = found;
            events.waits(found);
        }
    }

    private static Map<TopicPartition, String> words(Map<TopicPartition, TidemarkException> found) {
        return found.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, e -> String.valueOf(e.getValue().getMessage())));
    }

    private void log(List<Waiting> current, long now) {
        Set<TopicPartition> open = current.stream().map(Waiting::partition).collect(Collectors.toSet());
        Map<String, List<TopicPartition>> over = new TreeMap<>();
        logged.entrySet()
                .removeIf(entry -> !open.contains(entry.getKey())
                        && over.computeIfAbsent(at(entry.getValue(), now).toString(), since -> new ArrayList<>())
                                .add(entry.getKey()));
        over.forEach((since, partitions) -> about(
                partitions,
                shown -> LOG.info("continuing group={} partition={} waited_since={}", groupId, shown, since)));

        Map<String, List<Waiting>> begun = new TreeMap<>();
        for (Waiting w : current) {
            if (w.isLong(now) && !w.isLogged() && logged.putIfAbsent(w.partition(), w.since()) == null) {
                begun.computeIfAbsent(w.words(), words -> new ArrayList<>()).add(w);
            }
        }
        begun.forEach((words, alike) -> {
            Waiting first = alike.get(0);
            about(
                    alike.stream().map(Waiting::partition).toList(),
                    shown -> LOG.warn(
                            "waiting group={} partition={} code={} since={} error=\"{}\"",
                            groupId,
                            shown,
                            first.why().code(),
                            at(first.since(), now),
                            LogContext.quotable(first.why(), words)));
        });
    }

    /** One line for all with the same reason. */
    private static void about(List<TopicPartition> partitions, Consumer<Object> line) {
        if (partitions.size() > 1) {
            line.accept(partitions);
            return;
        }
        try (MDC.MDCCloseable unused = LogContext.about(partitions.get(0))) {
            line.accept(partitions.get(0));
        }
    }

    private static Instant at(long since, long now) {
        return Instant.now().minusNanos(now - since).truncatedTo(ChronoUnit.MILLIS);
    }

    /** What was not recorded, or not cleared, is tried again at the next check. */
    private void write(List<Waiting> due, long now) throws SQLException {
        List<Wait> fresh = new ArrayList<>();
        Map<TopicPartition, Wait> over = new HashMap<>(written);
        for (Waiting w : due) {
            Wait before = over.remove(w.partition());
            if (before == null || !before.says(w.ownerEpoch(), w.why().code(), w.words())) {
                fresh.add(new Wait(
                        w.partition(),
                        w.ownerEpoch(),
                        Duration.ofNanos(now - w.since()),
                        w.why().code(),
                        w.words()));
            }
        }
        if (fresh.isEmpty() && over.isEmpty()) {
            return;
        }
        Map<TopicPartition, Long> epochs = connection.inTransaction(c -> {
            identity.check(c);
            states.limitWait(c, LOCK_PATIENCE);
            states.endWaits(c, over.values());
            return states.waiting(c, fresh);
        });
        over.keySet().forEach(written::remove);
        for (Wait wait : fresh) {
            Long epoch = epochs.get(wait.partition());
            if (epoch != null) {
                written.put(wait.partition(), wait.under(OptionalLong.of(epoch)));
            }
        }
    }
}
