package dev.tidemark.bench.scale;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;

/** Waiting that ends early when there is something to hear. */
final class Waits {
    private Waits() {}

    /** Looks every few milliseconds, for two minutes at most. */
    static void until(String what, Callable<Boolean> holds) {
        until(what, Duration.ofMillis(5), holds);
    }

    /** As {@link #until(String, Callable)}, looking this often. */
    static void until(String what, Duration every, Callable<Boolean> holds) {
        Awaitility.await(what)
                .atMost(Duration.ofMinutes(2))
                .pollDelay(Duration.ZERO)
                .pollInterval(every)
                .until(holds);
    }

    /** Whether it ended, however it did, within the time. */
    static boolean isDone(CompletableFuture<?> work, Duration patience) {
        try {
            Object unused = work.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException e) {
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
