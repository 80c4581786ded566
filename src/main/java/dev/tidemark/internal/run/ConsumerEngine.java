package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.Health;
import dev.tidemark.RedriveResult;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.SafeListeners;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lifecycle of a consumer: start, run, stop. */
public final class ConsumerEngine<K, V> implements TidemarkConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerEngine.class);

    /** How often the caller of {@link #run} checks that the poll thread is alive. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** Callers wait for {@code Long.MAX_VALUE} seconds, which do not fit into a long as nanoseconds. */
    private static final Duration FOR_EVER = Duration.ofDays(10_000);

    private final EngineOptions<K, V> options;
    private final String groupId;
    private final String owner;
    private final SafeListeners listeners;
    private final OwnThreads threads = new OwnThreads();
    private final ConsumerReport report;
    private final EngineRun<K, V> run;
    private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable TidemarkException error;

    public ConsumerEngine(EngineOptions<K, V> options) {
        this.options = options;
        this.groupId = options.groupId();
        this.owner = OwnerNames.ownerName();
        this.listeners = new SafeListeners(groupId, options.listeners());
        this.report = new ConsumerReport(groupId, new HealthFacts(options, threads));
        this.run = new EngineRun<>(
                options, owner, this, listeners, threads, () -> state.compareAndSet(State.RUNNING, State.STOPPING));
    }

    @Override
    public void run() {
        begin();
        runToItsEnd();
    }

    @Override
    public void start() {
        begin();
        Thread caller = new Thread(LogContext.inGroup(groupId, this::runQuietly), "tidemark-" + groupId);
        caller.setDaemon(false);
        caller.start();
    }

    private void runQuietly() {
        try {
            runToItsEnd();
        } catch (TidemarkException e) {
            LOG.error(
                    "the run has failed group={} code={} error=\"{}\"",
                    groupId,
                    e.code(),
                    LogContext.quotable(e, Problems.of(e).toString()));
        }
    }

    private void begin() {
        if (!state.compareAndSet(State.NEW, State.RUNNING)) {
            throw new IllegalStateException("a consumer runs once, and not after its close; build another");
        }
    }

    private void runToItsEnd() {
        CompletableFuture<@Nullable TidemarkException> result = new CompletableFuture<>();
        OwnThread poll = threads.create("tidemark-" + groupId + "-poll", LogContext.inGroup(groupId, () -> {
            try {
                result.complete(run.run());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        }));
        poll.start();
        TidemarkException failed = awaitResult(result, poll);
        error = failed;
        state.set(failed == null ? State.STOPPED : State.FAILED);
        ended.countDown();
        if (failed != null) {
            throw failed;
        }
    }

    private @Nullable TidemarkException awaitResult(
            CompletableFuture<@Nullable TidemarkException> result, OwnThread poll) {
        boolean interrupted = false;
        long asked = 0;
        try {
            while (true) {
                try {
                    return result.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                    asked = Host.nanoTime();
                    stop();
                } catch (TimeoutException e) {
                    if (interrupted
                            && Host.nanoTime() - asked >= options.stop().close().toNanos()) {
                        poll.end();
                        return null;
                    }
                    if (!poll.isAlive() && !result.isDone()) {
                        return unexpected("the poll thread has ended", new IllegalStateException(poll.getName()));
                    }
                } catch (ExecutionException e) {
                    return unexpected("the poll thread died", e.getCause() == null ? e : e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void stop() {
        run.stop();
    }

    @Override
    public boolean awaitTermination(Duration timeout) throws InterruptedException {
        if (!ended.await((timeout.compareTo(FOR_EVER) < 0 ? timeout : FOR_EVER).toNanos(), TimeUnit.NANOSECONDS)) {
            return false;
        }
        TidemarkException failed = error;
        if (failed != null) {
            throw failed;
        }
        return true;
    }

    @Override
    public void close() {
        stop();
        if (state.compareAndSet(State.NEW, State.STOPPED)) {
            ended.countDown();
            return;
        }
        if (threads.areCurrent()) {
            // The run waits for this thread, which must not wait for the run.
            return;
        }
        boolean interrupted = false;
        try {
            if (!ended.await(options.stop().close().toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("units outlast the close, the next owner will fence them group={}", groupId);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public List<RedriveResult> redrive(Collection<Long> ids) {
        return new DeadLetterRedrive<>(options, owner, listeners).redrive(ids);
    }

    @Override
    public String groupId() {
        return groupId;
    }

    @Override
    public ConsumerStatus status() {
        return report.status(Objects.requireNonNull(state.get()), run.runtime(), problem());
    }

    @Override
    public Health health() {
        return report.health(Objects.requireNonNull(state.get()), run.runtime(), problem());
    }

    private @Nullable TidemarkException problem() {
        TidemarkException failed = error;
        return failed == null ? run.hindrance() : failed;
    }

    private TidemarkException unexpected(String what, Throwable cause) {
        return new TidemarkException(ErrorCode.UNEXPECTED, "group " + groupId + ": " + what, cause);
    }
}
