package dev.tidemark.internal.control;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.thread.Host;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Control tasks that fail for a reason that is neither known to pass nor known to stay: each is logged once, shown while it lasts,
 * and retried. The control thread writes; any thread may ask.
 */
final class UnexpectedFailures {
    private static final Logger LOG = LoggerFactory.getLogger(UnexpectedFailures.class);

    private final String groupId;
    private final Map<String, Failing> failing = new ConcurrentHashMap<>();

    private record Failing(TidemarkException why, int attempts) {}

    UnexpectedFailures(String groupId) {
        this.groupId = groupId;
    }

    /** Another attempt failed; returns how long to wait. */
    Duration failed(String task, TidemarkException why) {
        Failing before = failing.get(task);
        int attempts = before == null ? 1 : before.attempts() + 1;
        failing.put(task, new Failing(why, attempts));
        if (before == null) {
            LOG.warn(
                    "a control task failed unexpectedly, trying again group={} task=\"{}\" code={} error=\"{}\"",
                    groupId,
                    task,
                    why.code(),
                    LogContext.quotable(why, words(why)));
            LOG.debug("where it failed group={} at={}", groupId, where(why));
        }
        return Backoff.UNEXPECTED.after(attempts, Host.random());
    }

    void over(String task) {
        Failing before = failing.remove(task);
        if (before != null) {
            LOG.info(
                    "a control task succeeded again group={} task=\"{}\" attempts={}",
                    groupId,
                    task,
                    before.attempts());
        }
    }

    /** What is failing now, one sentence per task. */
    List<String> now() {
        return failing.entrySet().stream()
                .map(e ->
                        "the task \"" + e.getKey() + "\" failed " + e.getValue().attempts() + " time(s), trying again: "
                                + words(e.getValue().why()))
                .sorted()
                .toList();
    }

    private static String words(TidemarkException why) {
        Throwable cause = why.getCause();
        return why.getMessage() + (cause == null ? "" : " (" + FailureWords.describe(cause) + ")");
    }

    /** The frames without the message, which may contain data. */
    private static List<StackTraceElement> where(TidemarkException why) {
        Throwable cause = why.getCause() == null ? why : why.getCause();
        return List.of(cause.getStackTrace());
    }
}
