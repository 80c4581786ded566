package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** C9: nothing is left behind: no idle transaction, no lock, no connection; heap and tables stay bounded. */
public final class LeakCheck {
    /**
     * What the server shows.
     *
     * @param idleInTransaction sessions of the role that have been idle in a transaction for longer than allowed
     * @param waitingForLock sessions that have waited for a lock for longer than allowed
     * @param connections of the role
     * @param tableBytes size of each table, with its indexes
     * @param heapBytes the largest heap in use after a collection, by process; empty if unknown
     */
    public record Remains(
            long idleInTransaction,
            long waitingForLock,
            long connections,
            Map<String, Long> tableBytes,
            Map<String, Long> heapBytes) {}

    /**
     * What is allowed.
     *
     * @param connections of the role
     * @param tableBytes for each table that is named
     * @param heapBytes for each process
     */
    public record Bounds(long connections, Map<String, Long> tableBytes, long heapBytes) {}

    private LeakCheck() {}

    public static Finding check(Remains remains, Bounds bounds) {
        List<String> violations = new ArrayList<>();
        if (remains.idleInTransaction() > 0) {
            violations.add(remains.idleInTransaction() + " idle transactions");
        }
        if (remains.waitingForLock() > 0) {
            violations.add(remains.waitingForLock() + " sessions wait for a lock");
        }
        if (remains.connections() > bounds.connections()) {
            violations.add(remains.connections() + " connections, more than " + bounds.connections());
        }
        remains.tableBytes().forEach((table, bytes) -> {
            if (bytes > bounds.tableBytes().getOrDefault(table, Long.MAX_VALUE)) {
                violations.add(table + " has " + bytes + " bytes, more than "
                        + bounds.tableBytes().get(table));
            }
        });
        remains.heapBytes().forEach((process, bytes) -> {
            if (bytes > bounds.heapBytes()) {
                violations.add("process " + process + " holds " + bytes + " bytes of heap");
            }
        });
        return Finding.of(
                "C9",
                "nothing left behind",
                violations,
                remains.connections() + " connections, tables of "
                        + remains.tableBytes().values() + " bytes");
    }
}
