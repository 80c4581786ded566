package dev.tidemark.simulation;

/** What goes wrong. */
enum Fault {
    KILL,
    STOP,
    LEAVE,
    EXPEL,
    REBALANCE,
    CUT,
    ALL_CUT,
    REPLY_LOST,
    COMMIT_CUT_BEFORE,
    COMMIT_CUT_AFTER,
    COMMIT_LATE,
    COMMIT_NEVER,
    COMMIT_SHUTDOWN_AFTER,
    COMMIT_SHUTDOWN_BEFORE,
    COMMIT_REFUSED,
    STORE_REFUSED,
    HANDLER_REFUSED,
    TERMINATE,
    RESTART,
    DATABASE_AWAY,
    FAIL_OVER,
    RESTORE,
    MOVED_BACK,
    MOVED_FORWARD,
    MOVED_NOWHERE,
    FOREIGN_LOCK,
    KAFKA_AWAY,
    LEADER,
    TRUNCATED,
    RETENTION,
    COMPACTION,
    GROWTH,
    RECREATED;

    Wire.CommitFault commit() {
        return Wire.CommitFault.valueOf(name().substring("COMMIT_".length()));
    }
}
