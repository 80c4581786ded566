package dev.tidemark.internal.plan;

/** Whose failure it is that a transaction failed. */
public enum FailureKind {
    /** The database's or the network's passing trouble: the same again, later. */
    PASSING,
    /** Two transactions in each other's way: the same again, smaller. */
    CONTENTION,
    /** The handler's, or the record's. */
    HANDLER;

    /**
     * Sorts a failure that came before COMMIT was sent. By SQLSTATE, as PostgreSQL's appendix A lists them. A cancelled statement
     * (57014) and an idle transaction that the server ended (25P03) are the handler's doing: taking them for a lost connection
     * would retry a slow handler for ever.
     */
    public static FailureKind of(SqlFacts facts) {
        // A pool reports a refused login as a transient failure of its own; the SQLSTATE behind it counts.
        boolean refusedLogin = facts.inClass("28");
        if (!facts.fromDatabase() || refusedLogin || facts.is("57014", "25P03", "25P04")) {
            return HANDLER;
        }
        if (facts.is("40001", "40P01")) {
            return CONTENTION;
        }
        boolean passing = facts.connectionLost()
                || facts.transientByType()
                // A server that goes on after such an error could not read what the handler sent: binary COPY, for one.
                || (facts.inClass("08") && !facts.errorSeverity())
                || facts.inClass("53")
                || facts.inClass("57P")
                || facts.inClass("58")
                || facts.is("55P03", "25006", "40003", "3D000");
        return passing ? PASSING : HANDLER;
    }

    /**
     * Sorts a failure of a statement that no handler has a part in: a timeout that cancelled it, or ended its transaction, passes
     * too.
     */
    public static FailureKind ofControl(SqlFacts facts) {
        return facts.is("57014", "25P03", "25P04") ? PASSING : of(facts);
    }

    /**
     * Whether a failed COMMIT certainly did not take effect. Only the server's own ERROR says so: a FATAL, a timeout or a broken
     * connection may come after the commit was made durable.
     */
    public static boolean commitCertainlyFailed(SqlFacts facts) {
        // The severity is a translated word; these classes are never FATAL in any language.
        boolean neverFatal = facts.inClass("21")
                || facts.inClass("22")
                || facts.inClass("23")
                || facts.inClass("27")
                || facts.inClass("P0")
                || facts.is("40001", "40P01");
        return !facts.connectionLost() && (facts.errorSeverity() || neverFatal);
    }
}
