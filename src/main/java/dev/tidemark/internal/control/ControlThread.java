package dev.tidemark.internal.control;

import dev.tidemark.Claim;
import dev.tidemark.ErrorCode;
import dev.tidemark.StartPosition;
import dev.tidemark.TidemarkException;
import dev.tidemark.internal.control.Claimer.Claims;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.store.ClaimStore;
import dev.tidemark.internal.store.ControlConnection;
import dev.tidemark.internal.store.LogEndTable;
import dev.tidemark.internal.store.Schema;
import dev.tidemark.internal.store.SchemaCheck;
import dev.tidemark.internal.store.SqlFailures;
import dev.tidemark.internal.store.StoreErrors;
import dev.tidemark.internal.store.WorkerSession;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that claims and looks, so that the poll thread waits neither for the database nor for a broker. Its methods may be
 * called from any thread and return at once.
 */
public final class ControlThread {
    private static final Logger LOG = LoggerFactory.getLogger(ControlThread.class);

    private static final Duration WATCH_EVERY = Duration.ofSeconds(1);
    private static final Duration PROBE_EVERY = Duration.ofSeconds(3);
    private static final Duration SAMPLE_EVERY = Duration.ofSeconds(5);
    private static final Duration COMPARE_EVERY = Duration.ofSeconds(10);

    /**
     * What it needs to know.
     *
     * @param owner the name to claim under
     * @param ownerTimeout how long a session of ours may be silent before it counts as stopped
     * @param deadline how long a unit may last
     */
    public record Options(
            Schema schema,
            String groupId,
            String owner,
            StartPosition start,
            Duration ownerTimeout,
            Duration deadline) {}

    private final Options options;
    private final ControlConnection connection;
    private final ClaimStore store;
    private final Claimer claimer;
    private final Watches watches;
    private final ControlEvents events;
    private final Supplier<Map<TopicPartition, Claim>> held;
    private final List<WorkerSession> sessions;
    private final ScheduledThreadPoolExecutor executor;
    private final Trouble database;
    private final Trouble kafka;
    private final Map<TopicPartition, Long> wanted = new ConcurrentHashMap<>();

    /**
     * @param held the claims in force, by the intake
     * @param sessions the workers' sessions, to see units that hang
     */
    public ControlThread(
            Options options,
            ControlConnection connection,
            TopicLookup lookup,
            ControlEvents events,
            Supplier<Map<TopicPartition, Claim>> held,
            List<WorkerSession> sessions) {
        this.options = options;
        this.connection = connection;
        this.events = events;
        this.held = held;
        this.sessions = sessions;
        this.store = new ClaimStore(options.schema(), options.groupId());
        this.claimer = new Claimer(lookup, store, connection, options.start(), options.groupId(), options.owner());
        this.watches = new Watches(
                lookup,
                store,
                new LogEndTable(options.schema(), options.groupId()),
                connection,
                events,
                options.groupId());
        this.database = new Trouble(options.groupId(), "the database");
        this.kafka = new Trouble(options.groupId(), "Kafka");
        this.executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "tidemark-" + options.groupId() + "-control");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Begins to look, once the store was found sound; completes exceptionally if waiting does not mend what was found. */
    public CompletableFuture<Void> start() {
        CompletableFuture<Void> sound = new CompletableFuture<>();
        executor.execute(() -> check(sound));
        return sound;
    }

    /** Claims these partitions, each for its assignment, as soon as it can after the delay. */
    public void claim(Map<TopicPartition, Long> assignments, Duration delay) {
        wanted.putAll(assignments);
        later(this::claimWanted, delay);
    }

    /** Gives up claiming these partitions. */
    public void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(wanted::remove);
    }

    /** Gives back what is still ours; failing to is no harm. */
    public void release(Collection<Claim> claims) {
        if (!claims.isEmpty()) {
            later(() -> releaseNow(claims), Duration.ZERO);
        }
    }

    /** Finds out what is wrong with positions that the log does not have, and halts their partitions. */
    public void explain(Map<Claim, Long> positions, boolean truncated) {
        later(
                () -> guarded(() -> watches.explain(positions, truncated), () -> explain(positions, truncated), kafka),
                Duration.ZERO);
    }

    /** Finishes what was asked for and ends, within the patience. */
    public void close(Duration patience) {
        CompletableFuture<Void> last = new CompletableFuture<>();
        later(() -> last.complete(null), Duration.ZERO);
        try {
            last.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.warn("claims could not be given back in time group={}", options.groupId());
            connection.cut();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        executor.shutdownNow();
        connection.close();
    }

    private void check(CompletableFuture<Void> sound) {
        try {
            connection.inTransaction(c -> {
                SchemaCheck.check(c, options.schema());
                return sound;
            });
            database.over();
            every(
                    WATCH_EVERY,
                    () -> watches.watchUnits(sessions, options.ownerTimeout(), options.deadline(), System.nanoTime()));
            every(PROBE_EVERY, () -> ifHeld(claims -> watches.probe(claims.values()), database));
            every(SAMPLE_EVERY, () -> ifHeld(claims -> watches.sampleLogEnds(claims.keySet()), kafka, database));
            every(COMPARE_EVERY, () -> ifHeld(claims -> watches.compareIdentities(claims.values()), kafka));
            sound.complete(null);
        } catch (SQLException e) {
            boolean hopeless =
                    SqlFailures.facts(e).is("25006") || FailureKind.of(SqlFailures.facts(e)) == FailureKind.HANDLER;
            if (hopeless || sound.isDone()) {
                sound.completeExceptionally(StoreErrors.translate(options.schema(), options.groupId(), e));
            } else {
                later(() -> check(sound), database.failed(SqlFailures.describe(e)));
            }
        } catch (RuntimeException e) {
            sound.completeExceptionally(e);
        }
    }

    private void claimWanted() {
        Map<TopicPartition, Long> assignments = new HashMap<>(wanted);
        if (assignments.isEmpty()) {
            return;
        }
        Duration again = guarded(
                () -> {
                    Claims claims = claimer.claim(assignments.keySet());
                    tell(claims, assignments);
                    if (!claims.later().isEmpty()) {
                        claims.later().forEach((partition, why) -> events.waiting(List.of(partition), why));
                        later(this::claimWanted, Duration.ofMillis(250));
                    }
                },
                this::claimWanted,
                kafka,
                database);
        if (!again.isZero()) {
            events.waiting(
                    assignments.keySet(),
                    new TidemarkException(
                            ErrorCode.UNEXPECTED,
                            "group " + options.groupId() + ": the database or Kafka is in trouble, claims wait",
                            null));
        }
    }

    private void tell(Claims claims, Map<TopicPartition, Long> assignments) {
        Map<Claim, Long> made = new HashMap<>();
        List<Claim> unwanted = new ArrayList<>();
        for (Claim claim : claims.claimed().values()) {
            long assignment = assignments.getOrDefault(claim.partition(), -1L);
            if (wanted.remove(claim.partition(), assignment)) {
                made.put(claim, assignment);
            } else {
                // Revoked while the claim was made.
                unwanted.add(claim);
            }
        }
        release(unwanted);
        if (!made.isEmpty()) {
            events.claimed(made);
        }
        claims.refused().forEach((partition, why) -> {
            long assignment = assignments.getOrDefault(partition, -1L);
            wanted.remove(partition, assignment);
            events.refused(partition, assignment, why);
        });
    }

    private void releaseNow(Collection<Claim> claims) {
        try {
            connection.inTransaction(c -> {
                store.release(c, claims);
                return claims.size();
            });
        } catch (SQLException e) {
            LOG.debug("could not give claims back group={} cause=\"{}\"", options.groupId(), SqlFailures.describe(e));
        }
    }

    /** A look at one of the servers. */
    @FunctionalInterface
    private interface Look {
        void run() throws SQLException, KafkaUnavailableException;
    }

    /** A look at what is held. */
    @FunctionalInterface
    private interface LookAtClaims {
        void run(Map<TopicPartition, Claim> claims) throws SQLException, KafkaUnavailableException;
    }

    private void ifHeld(LookAtClaims look, Trouble... servers) throws SQLException, KafkaUnavailableException {
        Map<TopicPartition, Claim> claims = held.get();
        if (!claims.isEmpty()) {
            look.run(claims);
            over(servers);
        }
    }

    private void every(Duration interval, Look look) {
        ScheduledFuture<?> unused = executor.scheduleWithFixedDelay(
                () -> guarded(look, () -> {}), interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static void over(Trouble... servers) {
        for (Trouble server : servers) {
            server.over();
        }
    }

    /**
     * Runs a look; on passing trouble the other task follows after a backoff, which is also the answer, zero otherwise.
     *
     * @param servers those that have answered when the look succeeds
     */
    private Duration guarded(Look look, Runnable again, Trouble... servers) {
        Duration delay = Duration.ZERO;
        try {
            look.run();
            over(servers);
        } catch (SQLException e) {
            if (FailureKind.of(SqlFailures.facts(e)) == FailureKind.HANDLER) {
                events.failed(StoreErrors.translate(options.schema(), options.groupId(), e));
            } else {
                delay = database.failed(SqlFailures.describe(e));
            }
        } catch (KafkaUnavailableException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            delay = kafka.failed(cause.getClass().getSimpleName());
        } catch (TidemarkException e) {
            events.failed(e);
        } catch (RuntimeException e) {
            events.failed(new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + options.groupId() + ": the control thread failed with "
                            + e.getClass().getSimpleName(),
                    e));
        }
        if (!delay.isZero()) {
            later(again, delay);
        }
        return delay;
    }

    private void later(Runnable task, Duration delay) {
        try {
            ScheduledFuture<?> unused = executor.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("closing, a task is dropped group={}", options.groupId());
        }
    }
}
