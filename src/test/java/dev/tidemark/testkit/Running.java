package dev.tidemark.testkit;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;

/** A consumer that runs inside the test, with a pool of its own. Closing it checks that no connection was leaked. */
public final class Running implements AutoCloseable {
    /** How long a busy machine may take over anything, such as thousands of small transactions. */
    public static final Duration PATIENCE = Duration.ofMinutes(10);

    private final HikariDataSource pool;
    private final TidemarkConsumer consumer;
    private final CompletableFuture<Void> run;

    private Running(HikariDataSource pool, TidemarkConsumer consumer) {
        this.pool = pool;
        this.consumer = consumer;
        this.run = CompletableFuture.runAsync(consumer, Threads.named("test-run"));
    }

    /** Starts one that reads strings; the function adds what is special and ends the building. */
    public static Running start(
            TestDatabase database,
            Map<String, Object> kafka,
            Function<TidemarkBuilder<String, String>, TidemarkConsumer> special) {
        return start(database.pool(5), kafka, special);
    }

    /** Starts one on a pool that is closed with it. */
    public static Running start(
            HikariDataSource pool,
            Map<String, Object> kafka,
            Function<TidemarkBuilder<String, String>, TidemarkConsumer> special) {
        return new Running(
                pool,
                special.apply(Tidemark.consumer(kafka)
                        .deserializers(StringDeserializer::new, StringDeserializer::new)
                        .database(pool)));
    }

    public TidemarkConsumer consumer() {
        return consumer;
    }

    /** Waits until something holds, or the run ends, which throws what it threw. */
    public void until(String what, Callable<Boolean> holds) {
        Awaitility.await(what)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    if (run.isDone()) {
                        run.join();
                    }
                    return holds.call();
                });
    }

    /** Waits for the end of the run, and returns what it threw. */
    public Throwable failure() {
        Awaitility.await("the run ends").atMost(PATIENCE).until(run::isDone);
        try {
            run.join();
        } catch (CompletionException e) {
            return e.getCause();
        }
        throw new AssertionError("the run ended without an error");
    }

    /** Waits for the end of the run, which throws what it threw. */
    public void end() {
        Awaitility.await("the run ends").atMost(PATIENCE).until(run::isDone);
        run.join();
    }

    @Override
    public void close() {
        consumer.close();
        try {
            Awaitility.await("the run ends").atMost(PATIENCE).until(run::isDone);
            Awaitility.await("all connections are back in the pool")
                    .atMost(PATIENCE)
                    .until(() -> pool.getHikariPoolMXBean() == null
                            || pool.getHikariPoolMXBean().getActiveConnections() == 0);
        } finally {
            pool.close();
        }
    }

    /** Runs a consumer that cannot start, and returns what it threw. */
    public static TidemarkException failureToStart(Map<String, Object> kafka, String jdbcUrl) {
        try (Running running = start(
                TestDatabase.pool(jdbcUrl, 2),
                kafka,
                builder -> builder.topics("nothing").handle((record, tx) -> {}))) {
            return (TidemarkException) running.failure();
        }
    }
}
