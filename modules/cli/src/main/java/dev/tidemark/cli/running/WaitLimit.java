package dev.tidemark.cli.running;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.PartitionStatus;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.cli.option.TimeArgument;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Stops a run for which the database or Kafka has been unavailable for too long without a break. */
public final class WaitLimit implements AutoCloseable {
    private static final Set<ErrorCode> AWAY = Set.of(ErrorCode.DATABASE_UNAVAILABLE, ErrorCode.KAFKA_UNAVAILABLE);

    private static final Duration EVERY = Duration.ofMillis(500);

    private final TidemarkConsumer consumer;
    private final @Nullable TimeArgument most;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "tidemark-wait-limit");
        thread.setDaemon(true);
        return thread;
    });
    private @Nullable Long since;
    private volatile @Nullable Problem exceeded;

    private WaitLimit(TidemarkConsumer consumer, @Nullable TimeArgument most) {
        this.consumer = consumer;
        this.most = most;
    }

    /** Watches until it is closed; waits for ever without a limit. */
    public static WaitLimit start(TidemarkConsumer consumer, @Nullable TimeArgument most) {
        WaitLimit limit = new WaitLimit(consumer, most);
        Duration duration = most == null ? null : most.ago();
        if (duration != null) {
            var unused = limit.clock.scheduleAtFixedRate(
                    () -> limit.look(System.nanoTime(), duration, consumer.status()),
                    0,
                    EVERY.toMillis(),
                    TimeUnit.MILLISECONDS);
        }
        return limit;
    }

    private void look(long now, Duration longest, ConsumerStatus status) {
        Optional<Problem> away = Stream.concat(
                        status.lastError().stream(),
                        status.partitions().stream()
                                .map(PartitionStatus::lastError)
                                .flatMap(Optional::stream))
                .filter(problem -> AWAY.contains(problem.code()))
                .findFirst();
        if (away.isEmpty()) {
            since = null;
        } else if (since == null) {
            since = now;
        } else if (exceeded == null && Duration.ofNanos(now - since).compareTo(longest) > 0) {
            exceeded = away.get();
            consumer.stop();
        }
    }

    /** Throws what was waited for, if that was too long. */
    public void check() {
        Problem problem = exceeded;
        if (problem != null && most != null) {
            throw new TidemarkException(
                    problem.code(),
                    "given up after --wait-at-most " + most.text().strip() + ": " + problem.message(),
                    null);
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
