package dev.tidemark.doctor;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Whether the server is suitable for an offset store. Pure. */
final class ServerChecks {
    private static final String SECTION = "database";
    private static final int OLDEST = 140_000;
    private static final Duration CLOCK_LIMIT = Duration.ofSeconds(5);

    private ServerChecks() {}

    /**
     * @param settings the server's
     * @param standby whether it is in recovery
     * @param hidesFailures whether the URL has {@code autosave=always}
     * @param clock how far the server's clock is ahead of this machine's
     */
    static List<Finding> judge(Settings settings, boolean standby, boolean hidesFailures, Duration clock) {
        List<Finding> findings = new ArrayList<>();
        String version = "PostgreSQL " + settings.text("server_version").orElse("?");
        findings.add(
                settings.number("server_version_num") < OLDEST
                        ? Finding.fail(SECTION, "version", version + " is older than 14 (TM-210)", "upgrade the server")
                        : Finding.ok(SECTION, "version", version));
        findings.add(writable(settings, standby));
        findings.add(
                hidesFailures
                        ? Finding.fail(
                                SECTION,
                                "autosave",
                                "autosave=always in the JDBC URL hides failed statements from the transaction (TM-104)",
                                "use autosave=never or conservative")
                        : Finding.ok(SECTION, "autosave", "failed statements are not hidden"));
        findings.add(durable(
                settings,
                "fsync",
                "fsync is off: a crash of the machine can lose or damage everything, offsets included"));
        findings.add(durable(
                settings,
                "full_page_writes",
                "full_page_writes is off: a crash of the machine can damage pages, offsets included"));
        findings.add(commits(settings));
        findings.add(
                clock.abs().compareTo(CLOCK_LIMIT) > 0
                        ? Finding.warn(
                                SECTION,
                                "clock",
                                "the server's clock is " + Durations.words(clock.abs())
                                        + (clock.isNegative() ? " behind" : " ahead of")
                                        + " this machine's: no decision depends on it, but times in views and logs will"
                                        + " not agree",
                                "synchronize both clocks (NTP)")
                        : Finding.ok(
                                SECTION,
                                "clock",
                                "the server's clock and this machine's agree within " + Durations.words(CLOCK_LIMIT)));
        return findings;
    }

    private static Finding writable(Settings settings, boolean standby) {
        if (standby) {
            return Finding.fail(
                    SECTION,
                    "writable",
                    "the server is a standby, and read-only (TM-205)",
                    "name all servers in the JDBC URL, with targetServerType=primary");
        }
        return settings.isOn("transaction_read_only")
                ? Finding.fail(
                        SECTION,
                        "writable",
                        "transactions of this role are read-only by default (TM-205)",
                        "alter role or database: reset default_transaction_read_only")
                : Finding.ok(SECTION, "writable", "the server takes writes");
    }

    private static Finding durable(Settings settings, String name, String finding) {
        return settings.isOn(name)
                ? Finding.ok(SECTION, name, name + " is on")
                : Finding.fail(SECTION, name, finding, "alter system set " + name + " = on; select pg_reload_conf()");
    }

    private static Finding commits(Settings settings) {
        String value = settings.text("synchronous_commit").orElse("on");
        return value.equals("off")
                ? Finding.warn(
                        SECTION,
                        "synchronous_commit",
                        "synchronous_commit is off: after a crash the last commits are lost, effects and offsets"
                                + " together, and their records are read again; Kafka must still hold them",
                        "alter role or database set synchronous_commit = on, unless this is intended")
                : Finding.ok(SECTION, "synchronous_commit", "synchronous_commit is " + value);
    }
}
