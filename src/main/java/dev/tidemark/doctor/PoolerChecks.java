package dev.tidemark.doctor;

import java.util.ArrayList;
import java.util.List;

/** Whether there is a pooler such as PgBouncer in between, and whether the URL allows for it. Pure. */
final class PoolerChecks {
    private static final String SECTION = "pooler";

    private PoolerChecks() {}

    /** Whether a server connection was handed to another client between two transactions, or even within one. */
    enum Sharing {
        SEEN,
        NOT_SEEN,
        BY_STATEMENT
    }

    /** What happened to a prepared statement when its connection was handed to another client. */
    enum Prepared {
        LOST,
        KEPT,
        UNKNOWN
    }

    /**
     * @param between whether the server process differs from the one that the handshake named
     * @param sharing whether connections are shared per transaction
     * @param prepared whether prepared statements survive that
     * @param threshold {@code prepareThreshold} of the URL: 0 prepares nothing
     */
    record Facts(boolean between, Sharing sharing, Prepared prepared, int threshold) {}

    static List<Finding> judge(Facts facts) {
        List<Finding> findings = new ArrayList<>();
        if (!facts.between()) {
            return List.of(Finding.ok(SECTION, "in between", "no sign of a pooler between here and the server"));
        }
        if (facts.sharing() == Sharing.BY_STATEMENT) {
            return List.of(Finding.fail(
                    SECTION,
                    "in between",
                    "a pooler such as PgBouncer hands out connections per statement, so that there are no transactions"
                            + " (TM-211)",
                    "set pool_mode = transaction for this database, or connect without the pooler"));
        }
        boolean shared = facts.sharing() == Sharing.SEEN;
        findings.add(Finding.ok(
                SECTION,
                "in between",
                shared
                        ? "a pooler such as PgBouncer hands out connections per transaction, which is fine"
                        : "a pooler such as PgBouncer is in between; no sign that it shares connections per"
                                + " transaction"));
        findings.add(prepared(facts));
        return findings;
    }

    private static Finding prepared(Facts facts) {
        String check = "prepareThreshold";
        String fix = "add prepareThreshold=0 to the JDBC URL";
        if (facts.threshold() == 0) {
            return Finding.ok(SECTION, check, "prepareThreshold=0: the driver prepares nothing on the server");
        }
        if (facts.prepared() == Prepared.LOST) {
            return Finding.fail(
                    SECTION,
                    check,
                    "the pooler loses prepared statements, and prepareThreshold is " + facts.threshold()
                            + ": a handler's statements will clash (TM-208)",
                    fix);
        }
        if (facts.prepared() == Prepared.KEPT) {
            return Finding.ok(SECTION, check, "the pooler keeps track of prepared statements");
        }
        return Finding.warn(
                SECTION,
                check,
                "could not be tested; if the pooler shares connections per transaction, a handler's prepared statements"
                        + " may clash (TM-208)",
                fix);
    }
}
