package dev.tidemark.internal.plan;

import dev.tidemark.errors.ErrorCode;

/** What caused a transaction to fail, as far as the failure itself shows. */
public enum FailureKind {
    /** A dependency is unavailable for now: the same again, later. */
    TRANSIENT,
    /** Two transactions in conflict: the same again, smaller. */
    CONTENTION,
    /** The handler's, or the record's: evidence decides, see {@link Verdict}. */
    HANDLER;

    /**
     * Classifies a failure from before COMMIT was sent. By SQLSTATE, as PostgreSQL's appendix A lists them, and by other signs that
     * waiting helps. A cancelled statement (57014) and an idle transaction that the server ended (25P03) are left to the evidence:
     * taking them for a lost connection would retry a slow handler for ever.
     */
    public static FailureKind of(SqlFacts facts) {
        // A pool reports a refused login as a transient failure of its own; the SQLSTATE of its cause counts.
        boolean refusedLogin = facts.inClass("28");
        if (refusedLogin || facts.isTimeLimit() || facts.linkage() || facts.ofStatement()) {
            return HANDLER;
        }
        if (facts.is("40001", "40P01")) {
            return CONTENTION;
        }
        boolean passing = facts.passing()
                || facts.connectionLost()
                || facts.transientByType()
                || facts.is("55P03", "55006", "25006", "40003", "3D000", "72000");
        return passing ? TRANSIENT : HANDLER;
    }

    /**
     * Classifies a failure of a statement that no handler is involved in: a time limit that cancelled it, or ended its transaction,
     * is transient too, and so are a statement that DDL has made stale and a shortage.
     */
    public static FailureKind ofControl(SqlFacts facts) {
        return facts.isTimeLimit() || facts.stalePlan() || facts.mayPass() ? TRANSIENT : of(facts);
    }

    /**
     * The code of a transient failure of this kind. A server that replies is available: a lock that it could not get is another
     * transaction's, and a lost connection (class 08) is one to another server.
     */
    public ErrorCode code(SqlFacts facts) {
        boolean replies = facts.serverReplied() && !facts.connectionLost();
        if (this == CONTENTION) {
            return ErrorCode.CONTENTION;
        } else if (replies && facts.is("55P03", "55006")) {
            return ErrorCode.UNIT_WAITS;
        } else if (!facts.fromDatabase() || (replies && facts.inClass("08"))) {
            return ErrorCode.DEPENDENCY_UNAVAILABLE;
        }
        return ErrorCode.DATABASE_UNAVAILABLE;
    }

    /**
     * Whether a failed COMMIT certainly did not take effect. Only the server's own ERROR says so: a FATAL, a timeout or a broken
     * connection may come after the commit was made durable.
     *
     * @param connectionGoesOn whether the same connection was used successfully afterwards. A session never continues after a
     *     FATAL; its severity would say the same, in the server's language
     */
    public static boolean commitCertainlyFailed(SqlFacts facts, boolean connectionGoesOn) {
        return facts.serverReplied() && !facts.connectionLost() && connectionGoesOn;
    }
}
