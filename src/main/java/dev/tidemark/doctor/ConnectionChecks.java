package dev.tidemark.doctor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether there are enough connections for a consumer. Pure. */
final class ConnectionChecks {
    private static final String SECTION = "connections";

    private ConnectionChecks() {}

    /**
     * @param used client connections at this moment
     * @param roleLimit {@code connection limit} of the role; -1 for none
     * @param databaseLimit that of the database; -1 for none
     */
    record Facts(int used, int roleLimit, int databaseLimit) {}

    /**
     * @param settings the server's
     * @param workers of one consumer
     * @param pool the size of its pool; null if unknown
     */
    static List<Finding> judge(Settings settings, Facts facts, int workers, @Nullable Integer pool) {
        List<Finding> findings = new ArrayList<>();
        long needed = workers + 1L;
        String need = workers + " workers need " + needed + " connections";
        if (pool == null) {
            findings.add(Finding.ok(SECTION, "pool", need + "; --pool compares a pool's size with that"));
        } else {
            findings.add(
                    pool < needed
                            ? Finding.fail(
                                    SECTION,
                                    "pool",
                                    need + ", and the pool holds " + pool + " (TM-102)",
                                    "raise maximumPoolSize to " + needed + ", or lower workers")
                            : Finding.ok(SECTION, "pool", need + ", and the pool holds " + pool));
        }
        findings.add(server(settings, facts, pool == null ? needed : Math.max(needed, pool)));
        return findings;
    }

    private static Finding server(Settings settings, Facts facts, long wanted) {
        int reserved = settings.number("superuser_reserved_connections") + settings.number("reserved_connections");
        int most = settings.number("max_connections") - reserved;
        String limit = "max_connections (less " + reserved + " reserved)";
        if (facts.roleLimit() >= 0 && facts.roleLimit() < most) {
            most = facts.roleLimit();
            limit = "the role's connection limit";
        }
        if (facts.databaseLimit() >= 0 && facts.databaseLimit() < most) {
            most = facts.databaseLimit();
            limit = "the database's connection limit";
        }
        String usage = limit + " allows " + most + ", " + facts.used() + " are open on the server";
        String fix = "raise the limit, run fewer workers, or put PgBouncer in between";
        if (most < wanted) {
            return Finding.fail(SECTION, "limit", usage + ", and a consumer needs " + wanted, fix);
        }
        return most - facts.used() < wanted
                ? Finding.warn(SECTION, "limit", usage + ", and one more consumer needs " + wanted, fix)
                : Finding.ok(SECTION, "limit", usage + ", and a consumer needs " + wanted);
    }
}
