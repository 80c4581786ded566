package dev.tidemark.doctor;

import dev.tidemark.internal.store.schema.RowSecurity;
import java.util.ArrayList;
import java.util.List;

/** Whether the offset store exists, and works with this version. Pure. */
final class SchemaChecks {
    private static final String SECTION = "schema";

    private SchemaChecks() {}

    /**
     * What {@code store_info} says.
     *
     * @param unlogged tables that a crash would empty
     */
    record Facts(int version, int minProtocol, String storeId, List<String> unlogged) {}

    static Finding missing(String schema) {
        return Finding.fail(
                SECTION, "version", "schema " + schema + " holds no offset store (TM-201)", "tidemark migrate");
    }

    /**
     * @param schema its name
     * @param version the newest migration that this version knows
     * @param protocol the protocol that this version writes
     */
    static List<Finding> judge(String schema, Facts facts, int version, int protocol) {
        List<Finding> findings = new ArrayList<>();
        if (facts.minProtocol() > protocol) {
            findings.add(Finding.fail(
                    SECTION,
                    "version",
                    "schema " + schema + " may only be written by protocol " + facts.minProtocol()
                            + ", and this version writes " + protocol + " (TM-202)",
                    "upgrade the library"));
        } else if (isOlder(facts, version)) {
            findings.add(Finding.fail(
                    SECTION,
                    "version",
                    "schema " + schema + " has version " + facts.version() + ", and this version needs " + version
                            + " (TM-203)",
                    "tidemark migrate"));
        } else {
            findings.add(Finding.ok(
                    SECTION,
                    "version",
                    "schema " + schema + " has version " + facts.version() + "; store id " + facts.storeId()));
        }
        List<Finding> unlogged = facts.unlogged().stream()
                .map(table -> Finding.fail(
                        SECTION,
                        "unlogged",
                        "table " + table + " is UNLOGGED and would be emptied by a crash (TM-207)",
                        "alter table " + table + " set logged"))
                .toList();
        findings.addAll(
                Finding.each(unlogged, Finding.ok(SECTION, "unlogged", "all tables of the store survive a crash")));
        return findings;
    }

    /** Tables whose rows may be hidden from the role, so that what it reads of the store means nothing. */
    static List<Finding> hidden(List<RowSecurity.Hidden> hidden) {
        return Finding.each(
                hidden.stream()
                        .map(table -> Finding.fail(
                                SECTION,
                                "row level security",
                                "table " + table.table() + " may hide rows from role " + table.role() + " (TM-213)",
                                "as the owner: " + table.fix() + "; or give the role BYPASSRLS"))
                        .toList(),
                Finding.ok(SECTION, "row level security", "no table of the store hides rows"));
    }

    /** Whether the checks that follow can be run at all. */
    static boolean isOlder(Facts facts, int version) {
        return facts.version() < version;
    }
}
