package dev.tidemark.admin;

import dev.tidemark.internal.admin.OperatorErrors;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Selects rows of the audit log. Immutable, with withers; by default the newest 100 of all groups. */
public final class AuditQuery {
    private static final int LIMIT = 100;
    private static final AuditQuery ALL = new AuditQuery(null, null, null, null, List.of(), LIMIT);

    // PostgreSQL accepts this form up to the year 9999.
    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");
    private static final Duration AGES = Duration.ofDays(365_000);

    private final @Nullable String group;
    private final @Nullable String topic;
    private final @Nullable Instant since;
    private final @Nullable Duration within;
    private final List<String> actions;
    private final int limit;

    private AuditQuery(
            @Nullable String group,
            @Nullable String topic,
            @Nullable Instant since,
            @Nullable Duration within,
            List<String> actions,
            int limit) {
        this.group = group;
        this.topic = topic;
        this.since = since;
        this.within = within;
        this.actions = actions;
        this.limit = limit;
    }

    /** Of all groups. */
    public static AuditQuery all() {
        return ALL;
    }

    /** Of one group, also if it was deleted. */
    public AuditQuery withGroup(String name) {
        return new AuditQuery(name, topic, since, within, actions, limit);
    }

    /** Only rows about this topic. */
    public AuditQuery withTopic(String name) {
        return new AuditQuery(group, name, since, within, actions, limit);
    }

    /** Only rows that are not older than this instant. Replaces {@link #within}. */
    public AuditQuery since(Instant instant) {
        return new AuditQuery(group, topic, instant, null, actions, limit);
    }

    /** Only rows that are not older than this, by the server's clock. Replaces {@link #since}. */
    public AuditQuery within(Duration age) {
        return new AuditQuery(group, topic, null, age, actions, limit);
    }

    /** Only these actions, such as {@code reset}; none for all. */
    public AuditQuery withActions(String... names) {
        return new AuditQuery(group, topic, since, within, List.copyOf(Arrays.asList(names)), limit);
    }

    /** At most this many, the newest; positive (TM-103). */
    public AuditQuery withLimit(int rows) {
        if (rows < 1) {
            throw OperatorErrors.invalid("the limit must be positive, not " + rows);
        }
        return new AuditQuery(group, topic, since, within, actions, rows);
    }

    @Nullable
    String group() {
        return group;
    }

    @Nullable
    String topic() {
        return topic;
    }

    /** The earliest time in PostgreSQL's syntax; null for none. */
    @Nullable
    String at() {
        if (since == null) {
            return within == null || ago() != null ? null : "-infinity";
        }
        return since.isBefore(FIRST) ? "-infinity" : since.isAfter(LAST) ? "infinity" : since.toString();
    }

    /** The maximum age in PostgreSQL's syntax; null if there is none, or nothing can be older. */
    @Nullable
    String ago() {
        return within == null || within.compareTo(AGES) > 0 ? null : within.toString();
    }

    /** Null for all. */
    @Nullable
    String actions() {
        return actions.isEmpty() ? null : String.join(",", actions);
    }

    int limit() {
        return limit;
    }
}
