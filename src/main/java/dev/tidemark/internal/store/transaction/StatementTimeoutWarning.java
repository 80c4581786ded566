package dev.tidemark.internal.store.transaction;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once that a role's time limit will cancel statements that wait for a suspended process. Used by one worker. */
final class StatementTimeoutWarning {
    private static final Logger LOG = LoggerFactory.getLogger(StatementTimeoutWarning.class);

    private final String groupId;
    private final Duration transactionIdleTimeout;
    private boolean warned;

    StatementTimeoutWarning(String groupId, Duration transactionIdleTimeout) {
        this.groupId = groupId;
        this.transactionIdleTimeout = transactionIdleTimeout;
    }

    /**
     * Warns if that is due.
     *
     * @param limit the session's {@code statement_timeout}; zero if it has none
     */
    void look(Duration limit) {
        if (!warned && !limit.isZero() && limit.compareTo(transactionIdleTimeout) < 0) {
            warned = true;
            LOG.warn(
                    "statement_timeout is shorter than transactionIdleTimeout, so that statements are cancelled while they wait for"
                            + " the locks of a suspended process; they are retried group={}"
                            + " statement_timeout={} transaction_idle_timeout={}",
                    groupId,
                    limit,
                    transactionIdleTimeout);
        }
    }
}
