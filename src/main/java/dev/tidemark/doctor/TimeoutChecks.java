package dev.tidemark.doctor;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Whether the server's timeouts and Kafka's are consistent. Pure. */
final class TimeoutChecks {
    private static final String SECTION = "timeouts";
    private static final Duration LOST_HOST_LIMIT = Duration.ofMinutes(10);
    private static final Duration SHORT_LOCK = Duration.ofSeconds(1);

    private TimeoutChecks() {}

    /**
     * @param settings the server's
     * @param deadline {@code max.poll.interval.ms}: how long a unit of work may take
     * @param session {@code session.timeout.ms}: how long a unit's connection may be idle
     */
    static List<Finding> judge(Settings settings, Duration deadline, Duration session) {
        List<Finding> findings = new ArrayList<>();
        findings.add(beforeDeadline(settings, "statement_timeout", "a statement", deadline, session));
        if (settings.text("transaction_timeout").isPresent()) {
            findings.add(beforeDeadline(settings, "transaction_timeout", "a transaction", deadline, session));
        }
        findings.add(locks(settings));
        findings.add(Finding.ok(
                SECTION,
                "idle_in_transaction_session_timeout",
                "each unit sets its own, " + Durations.words(session) + " (session.timeout.ms); the server's ("
                        + orOff(settings.time("idle_in_transaction_session_timeout")) + ") is for others"));
        findings.add(idleSessions(settings));
        findings.add(lostHosts(settings));
        findings.add(
                settings.time("client_connection_check_interval").isZero()
                        ? Finding.warn(
                                SECTION,
                                "client_connection_check_interval",
                                "off: a statement of a process that was killed keeps running, and holds its locks until it"
                                        + " finishes",
                                "alter system set client_connection_check_interval = '10s'; select pg_reload_conf()")
                        : Finding.ok(
                                SECTION,
                                "client_connection_check_interval",
                                Durations.words(settings.time("client_connection_check_interval"))));
        return findings;
    }

    private static Finding beforeDeadline(
            Settings settings, String name, String what, Duration deadline, Duration session) {
        Duration limit = settings.time(name);
        String deadlineWords = Durations.words(deadline) + " (max.poll.interval.ms)";
        if (limit.isZero()) {
            return Finding.ok(
                    SECTION, name, "off: a unit is cancelled at its own deadline, by default " + deadlineWords);
        }
        if (limit.compareTo(session) < 0) {
            return Finding.warn(
                    SECTION,
                    name,
                    what + " of a handler is cancelled after " + Durations.words(limit)
                            + ", before the server releases the locks of a suspended process, which takes "
                            + Durations.words(session)
                            + " (session.timeout.ms); until then it is retried repeatedly",
                    "alter role ... set " + name + " = 0, or to more than session.timeout.ms");
        }
        return limit.compareTo(deadline) < 0
                ? Finding.warn(
                        SECTION,
                        name,
                        what + " of a handler fails after " + Durations.words(limit)
                                + ", before the unit's deadline, by default " + deadlineWords
                                + "; a record whose handler is cancelled by itself counts as failed",
                        "alter role ... set " + name + " = 0, or set max.poll.interval.ms below it")
                : Finding.ok(
                        SECTION,
                        name,
                        Durations.words(limit) + ", after the unit's deadline, by default " + deadlineWords);
    }

    private static Finding locks(Settings settings) {
        Duration limit = settings.time("lock_timeout");
        return !limit.isZero() && limit.compareTo(SHORT_LOCK) < 0
                ? Finding.warn(
                        SECTION,
                        "lock_timeout",
                        "a handler that waits for a lock for more than " + Durations.words(limit)
                                + " is rolled back and retried, forever",
                        "alter role ... set lock_timeout = '10s', or 0")
                : Finding.ok(SECTION, "lock_timeout", orOff(limit) + "; Tidemark sets it for its own waits");
    }

    private static Finding idleSessions(Settings settings) {
        Duration limit = settings.time("idle_session_timeout");
        return limit.isZero()
                ? Finding.ok(SECTION, "idle_session_timeout", "off")
                : Finding.warn(
                        SECTION,
                        "idle_session_timeout",
                        "the server closes pooled connections that were idle for " + Durations.words(limit)
                                + ", and each costs a failed attempt",
                        "alter role ... set idle_session_timeout = 0, or let the pool retire them sooner (HikariCP:"
                                + " maxLifetime)");
    }

    /** A host that disappears sends nothing: only unacknowledged probes reveal it. */
    private static Finding lostHosts(Settings settings) {
        Duration probes =
                settings.time("tcp_keepalives_interval").multipliedBy(settings.number("tcp_keepalives_count"));
        Duration noticed = settings.time("tcp_keepalives_idle").plus(probes);
        if (noticed.isZero()) {
            return Finding.ok(
                    SECTION, "tcp_keepalives", "not a TCP connection: the socket reports a lost client at once");
        }
        return noticed.compareTo(LOST_HOST_LIMIT) > 0
                ? Finding.warn(
                        SECTION,
                        "tcp_keepalives",
                        "a client host that disappears during a statement is noticed after " + Durations.words(noticed)
                                + ", and its locks are held until then",
                        "alter system set tcp_keepalives_idle = 30; alter system set tcp_keepalives_interval = 10;"
                                + " alter system set tcp_keepalives_count = 3; select pg_reload_conf()")
                : Finding.ok(
                        SECTION,
                        "tcp_keepalives",
                        "a host that disappears is noticed after " + Durations.words(noticed));
    }

    private static String orOff(Duration time) {
        return time.isZero() ? "off" : Durations.words(time);
    }
}
