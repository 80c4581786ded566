package dev.tidemark.internal.run;

import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.log.LogContext;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Topics that a pattern matched once and that are no longer seen: they were deleted, or this user may not describe them any more. One
 * log line when it begins, or changes, and one when it is over. The control thread reports them; any thread may read.
 */
public final class UnseenTopics {
    private static final Logger LOG = LoggerFactory.getLogger(UnseenTopics.class);

    private final String groupId;
    private volatile @Nullable TidemarkException reason;

    public UnseenTopics(String groupId) {
        this.groupId = groupId;
    }

    /** Why some are not seen now; null if all are. */
    public void are(@Nullable TidemarkException why) {
        String before = words(reason);
        reason = why;
        if (why != null && !words(why).equals(before)) {
            LOG.warn(
                    "topics are not seen group={} code={} error=\"{}\"",
                    groupId,
                    why.code(),
                    LogContext.quotable(why, words(why)));
        } else if (why == null && !before.isEmpty()) {
            LOG.info("all topics of the group are seen again group={}", groupId);
        }
    }

    private static String words(@Nullable TidemarkException why) {
        return why == null ? "" : Problems.of(why).toString();
    }

    /** As text, with the topics; empty if all are seen. */
    public Optional<Problem> problem() {
        return Optional.ofNullable(reason).map(Problems::of);
    }
}
