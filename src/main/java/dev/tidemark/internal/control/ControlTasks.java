package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.failure.StoreErrors;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one thread that control tasks run on, and the handling of their failures. Tasks may be submitted from any thread. */
final class ControlTasks {
    private static final Logger LOG = LoggerFactory.getLogger(ControlTasks.class);

    /** A task that queries one of the servers, or both. */
    @FunctionalInterface
    interface Look {
        void run() throws SQLException, KafkaUnavailableException;
    }

    private final Schema schema;
    private final String groupId;
    private final ControlConnection connection;
    private final Consumer<TidemarkException> fatal;
    private final ScheduledExecutorService executor;
    private volatile @Nullable OwnThread thread;
    private final Outage database;
    private final Outage kafka;
    final UnexpectedFailures unexpected;

    /**
     * @param connection the connection on which the tasks query the database
     * @param fatal receives failures that are not transient
     */
    ControlTasks(
            Schema schema,
            String groupId,
            ControlConnection connection,
            Consumer<TidemarkException> fatal,
            OwnThreads threads) {
        this.schema = schema;
        this.groupId = groupId;
        this.connection = connection;
        this.fatal = fatal;
        this.database = Outage.ofDatabase(groupId);
        this.kafka = Outage.ofKafka(groupId);
        this.unexpected = new UnexpectedFailures(groupId);
        this.executor = threads.scheduler(task -> {
            OwnThread made = threads.create("tidemark-" + groupId + "-control", LogContext.inGroup(groupId, task));
            thread = made;
            return made;
        });
    }

    /** Runs a task that handles its own failures; the executor would swallow anything it still throws. */
    void later(Runnable task, Duration delay) {
        try {
            ScheduledFuture<?> unused = executor.schedule(() -> watched(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("closing, a task is dropped group={}", groupId);
        }
    }

    private void watched(Runnable task) {
        OwnThread.enter(Step.CONTROL);
        try {
            task.run();
        } catch (RuntimeException e) {
            Duration unused = unexpected.failed("a control task", unexpected(e));
        } catch (Throwable e) {
            fatal.accept(unexpected(e));
        } finally {
            OwnThread.rest();
            boolean unused = OwnThread.mayContinue();
        }
    }

    /**
     * Runs a check periodically; no failure stops it, but what fails unexpectedly is tried less often.
     *
     * @param task a name that no other task has
     */
    void every(Duration interval, String task, Look look) {
        every(interval, interval, task, look);
    }

    /**
     * As {@link #every(Duration, String, Look)}.
     *
     * @param first how long to wait before the first check
     */
    void every(Duration first, Duration interval, String task, Look look) {
        later(
                () -> {
                    Duration wait = guarded(task, look);
                    every(wait.compareTo(interval) > 0 ? wait : interval, interval, task, look);
                },
                first);
    }

    private TidemarkException unexpected(Throwable e) {
        return new TidemarkException(
                ErrorCode.UNEXPECTED,
                "group " + groupId + ": the control thread failed with "
                        + e.getClass().getSimpleName(),
                e);
    }

    /**
     * As {@link #guarded(String, Look, Consumer)}, where a failure that has a code and is not transient ends the consumer, and
     * nothing else does.
     */
    Duration guarded(String task, Look look) {
        return guarded(task, look, fatal, true);
    }

    /**
     * Runs a check and classifies its failure: for a transient one it returns the time to wait, any other ends it.
     *
     * @param task a name that is the same at each attempt; an outage lasts until the task has succeeded
     * @param end receives failures that are not transient
     * @return zero unless the check has to be retried
     */
    Duration guarded(String task, Look look, Consumer<TidemarkException> end) {
        return guarded(task, look, end, false);
    }

    /**
     * @param lenient whether a failure without an error code is retried: it may concern this one task, which is no reason to end
     *     everything that works
     */
    private Duration guarded(String task, Look look, Consumer<TidemarkException> end, boolean lenient) {
        try {
            return classified(task, look, end, lenient);
        } catch (RuntimeException e) {
            // To classify a failure is to ask the pool and the driver, which may fail as well.
            return sorted(task, unexpected(e), end, lenient);
        }
    }

    private Duration classified(String task, Look look, Consumer<TidemarkException> end, boolean lenient) {
        long began = Host.nanoTime();
        try {
            look.run();
            nothingLeft(task);
        } catch (SQLException e) {
            return ofDatabase(task, e, began, end, lenient);
        } catch (KafkaUnavailableException e) {
            heard(began);
            database.succeeded(task);
            Throwable cause = e.getCause() == null ? e : e.getCause();
            return kafka.failed(task, cause.getClass().getSimpleName(), false);
        } catch (TidemarkException e) {
            return sorted(task, e, end, lenient);
        } catch (RuntimeException e) {
            return sorted(task, unexpected(e), end, lenient);
        } catch (Throwable e) {
            end.accept(unexpected(e));
        }
        heard(began);
        return Duration.ZERO;
    }

    private Duration sorted(String task, TidemarkException e, Consumer<TidemarkException> end, boolean lenient) {
        if (lenient && e.code() == ErrorCode.UNEXPECTED) {
            return unexpected.failed(task, e);
        }
        end.accept(e);
        return Duration.ZERO;
    }

    /** A task has nothing to do any more, and so has no failure either. */
    void nothingLeft(String task) {
        database.succeeded(task);
        kafka.succeeded(task);
        unexpected.over(task);
    }

    /** What keeps a task from succeeding; empty if nothing does. */
    Optional<Problem> problem(String task) {
        return database.of(task).or(() -> kafka.of(task));
    }

    /** What has kept tasks from succeeding for some seconds, one for each server. Any thread may ask. */
    List<Problem> problems(long now) {
        return Stream.of(database.problem(now), kafka.problem(now))
                .flatMap(Optional::stream)
                .toList();
    }

    /** As {@link #problems}, of Kafka alone. */
    Optional<Problem> kafkaProblem(long now) {
        return kafka.problem(now);
    }

    /** If the server replied to this task, it is back, even if it refused what the task asked for. */
    private void heard(long began) {
        long now = Host.nanoTime();
        if (connection.silence().sinceLastAnswer(now) <= now - began) {
            database.replied();
        }
    }

    private Duration ofDatabase(
            String task, SQLException e, long began, Consumer<TidemarkException> end, boolean lenient) {
        SqlFacts facts = SqlFailures.facts(e);
        boolean silent = SqlFailures.isSilence(facts);
        if (!silent) {
            heard(began);
        }
        if (FailureKind.ofControl(facts) == FailureKind.HANDLER) {
            return sorted(task, StoreErrors.translate(schema, groupId, e), end, lenient);
        }
        if (connection.isWithoutTransactions(e)) {
            end.accept(StoreErrors.poolerByStatement(e));
            return Duration.ZERO;
        }
        return database.failed(task, FailureWords.describe(e), silent);
    }

    /** Waits until what was requested up to now is done; returns false if that takes longer than the patience. */
    boolean finish(Duration patience) {
        CompletableFuture<Void> last = new CompletableFuture<>();
        later(() -> last.complete(null), Duration.ZERO);
        try {
            var unused = Host.get(last, patience);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Ends the thread, whatever it is doing. */
    void close() {
        OwnThread last = thread;
        if (last != null) {
            last.mayEnd();
        }
        executor.shutdownNow();
    }
}
