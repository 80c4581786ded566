package dev.tidemark.admin;

import dev.tidemark.internal.admin.OperatorErrors;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Selects dead letters of a group. Immutable, with withers; all of them by default. */
public final class DeadLetterQuery {
    private final String group;
    private final @Nullable String topic;
    private final @Nullable String errorCode;
    private final @Nullable List<Long> ids;
    private final boolean redrivable;
    private final long after;
    private final int limit;

    private DeadLetterQuery(
            String group,
            @Nullable String topic,
            @Nullable String errorCode,
            @Nullable List<Long> ids,
            boolean redrivable,
            long after,
            int limit) {
        this.group = group;
        this.topic = topic;
        this.errorCode = errorCode;
        this.ids = ids;
        this.redrivable = redrivable;
        this.after = after;
        this.limit = limit;
    }

    /** All dead letters of a group. */
    public static DeadLetterQuery of(String group) {
        return new DeadLetterQuery(group, null, null, null, false, 0, Integer.MAX_VALUE);
    }

    /** Only those of this topic. */
    public DeadLetterQuery withTopic(String name) {
        return new DeadLetterQuery(group, name, errorCode, ids, redrivable, after, limit);
    }

    /** Only those parked with this error code, such as TM-502. */
    public DeadLetterQuery withErrorCode(String code) {
        return new DeadLetterQuery(group, topic, code, ids, redrivable, after, limit);
    }

    /** Only these; an id that the group does not have is refused (TM-601). The collection is copied. */
    public DeadLetterQuery withIds(Collection<Long> some) {
        return new DeadLetterQuery(group, topic, errorCode, List.copyOf(new TreeSet<>(some)), redrivable, after, limit);
    }

    /** Only those that can be redriven, because they are not to be read again from the log. */
    public DeadLetterQuery redrivable() {
        return new DeadLetterQuery(group, topic, errorCode, ids, true, after, limit);
    }

    /** Only those with a greater id: the next page. */
    public DeadLetterQuery after(long id) {
        return new DeadLetterQuery(group, topic, errorCode, ids, redrivable, id, limit);
    }

    /** At most this many, the oldest; positive (TM-103). */
    public DeadLetterQuery withLimit(int rows) {
        if (rows < 1) {
            throw OperatorErrors.invalid("the limit must be positive, not " + rows);
        }
        return new DeadLetterQuery(group, topic, errorCode, ids, redrivable, after, rows);
    }

    String group() {
        return group;
    }

    @Nullable
    String topic() {
        return topic;
    }

    @Nullable
    String errorCode() {
        return errorCode;
    }

    /** Null for all. */
    @Nullable
    List<Long> ids() {
        return ids;
    }

    boolean isRedrivable() {
        return redrivable;
    }

    long after() {
        return after;
    }

    int limit() {
        return limit;
    }
}
