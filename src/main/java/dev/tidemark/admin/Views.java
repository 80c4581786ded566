package dev.tidemark.admin;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.admin.GroupFunctions;
import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.StoreAccess;
import dev.tidemark.internal.admin.StoredGroup;
import dev.tidemark.internal.store.table.ErrorClass;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/** Queries of the store's views and tables, for one call. */
final class Views {
    /** How many ids an error lists. */
    private static final int NAMED = 10;

    private static final String TOPICS = """
            select b.topic,
                   (select count(*) from {schema}.stored_offset o
                     where o.group_id = b.group_id and o.topic = b.topic) as partitions,
                   (select count(o.owner_token) from {schema}.stored_offset o
                     where o.group_id = b.group_id and o.topic = b.topic) as owned_partitions,
                   (select count(*) from {schema}.dead_letter d
                     where d.group_id = b.group_id and d.topic = b.topic and d.superseded_at is null) as dead_letters,
                   (select count(*) from {schema}.dead_letter d
                     where d.group_id = b.group_id and d.topic = b.topic
                       and d.superseded_at is not null) as superseded_dead_letters,
                   (select count(*) from {schema}.consumer_pause p
                     where p.group_id = b.group_id and coalesce(p.topic, b.topic) = b.topic) as pauses
              from {schema}.topic_binding b where b.group_id = :group order by b.topic
            """;

    // Conditions that are not asked for are left out where a cast depends on settings: the planner cannot see that they
    // are always true.
    private static final String AUDIT = """
            select * from (
                select * from {schema}.audit_log
                 where (cast(:group as text) is null or group_id = :group)
                   and (cast(:topic as text) is null or topic = :topic)
                   and (cast(:actions as text) is null or action = any (string_to_array(:actions, ','))) {since}
                 order by id desc limit :limit) newest
             order by id
            """;

    private static final String AT = "and at >= cast(:at as timestamptz)";

    // Not the clock, which no index can be compared with.
    private static final String AGO = "and at >= statement_timestamp() - cast(:ago as interval)";

    private static final String DEAD_LETTERS = """
            select id, topic, partition, record_offset, timestamp_ms, error_code, error_class, attempts, holds_key, parked_at,
                   superseded_at
              from {schema}.dead_letter
             where group_id = :group and id > :after
               and (cast(:topic as text) is null or topic = :topic)
               and (cast(:code as text) is null or error_code = :code)
               and (not :redrivable or superseded_at is null) {ids}
             order by id limit :limit
            """;

    private final Handle handle;
    private final StoreAccess store;

    Views(Handle handle, StoreAccess store) {
        this.handle = handle;
        this.store = store;
    }

    private Query query(String sql) {
        return handle.createQuery(store.sql(sql));
    }

    StoreInfo store() {
        return query("select schema_version, store_id from {schema}.store_info")
                .map((r, context) -> new StoreInfo(
                        store.schema().name(), r.getInt("schema_version"), r.getObject("store_id", UUID.class)))
                .one();
    }

    List<GroupSummary> groups() {
        return query("select * from {schema}.consumer_group order by group_id")
                .map((r, context) -> new GroupSummary(
                        r.getString("group_id"),
                        r.getLong("topics"),
                        r.getLong("partitions"),
                        r.getLong("owned_partitions"),
                        r.getLong("halted_partitions"),
                        r.getLong("paused_partitions"),
                        number(r, "lag"),
                        number(r, "max_lag"),
                        r.getLong("dead_letters"),
                        instant(r, "updated_at")))
                .list();
    }

    List<PartitionSummary> partitions(String group) {
        List<PartitionSummary> partitions = query(
                        "select l.*, coalesce(l.halted_at, l.waiting_since) as since from {schema}.consumer_lag l"
                                + " where l.group_id = :group order by l.topic, l.partition")
                .bind("group", group)
                .map((r, context) -> new PartitionSummary(
                        new TopicPartition(r.getString("topic"), r.getInt("partition")),
                        r.getLong("stored_offset"),
                        number(r, "log_end_offset"),
                        number(r, "lag"),
                        text(r, "owner"),
                        r.getString("state"),
                        text(r, "error_code"),
                        text(r, "error_text"),
                        maybe(r, "since"),
                        instant(r, "updated_at"),
                        maybe(r, "sampled_at")))
                .list();
        if (partitions.isEmpty()) {
            throw StoredGroup.unknown(handle, store, group);
        }
        return partitions;
    }

    Pauses pauses(String group) {
        return new Pauses(query("select topic, partition from {schema}.consumer_pause"
                        + " where group_id = :group order by topic nulls first, partition nulls first")
                .bind("group", group)
                .map((r, context) -> new Pauses.Pause(r.getString("topic"), r.getObject("partition", Integer.class)))
                .list());
    }

    List<DeletionPlan.Topic> topics(String group) {
        List<DeletionPlan.Topic> topics = query(TOPICS)
                .bind("group", group)
                .map((r, context) -> new DeletionPlan.Topic(
                        r.getString("topic"),
                        r.getLong("partitions"),
                        r.getLong("owned_partitions"),
                        r.getLong("dead_letters"),
                        r.getLong("superseded_dead_letters"),
                        r.getLong("pauses")))
                .list();
        if (topics.isEmpty()) {
            throw StoredGroup.unknown(handle, store, group);
        }
        return topics;
    }

    List<AuditEntry> audit(AuditQuery query) {
        String at = query.at();
        String ago = query.ago();
        String since = at != null ? AT : ago != null ? AGO : "";
        Query audit = query(AUDIT.replace("{since}", since))
                .bind("group", query.group())
                .bind("topic", query.topic())
                .bind("actions", query.actions())
                .bind("limit", query.limit());
        if (at != null) {
            audit.bind("at", at);
        } else if (ago != null) {
            audit.bind("ago", ago);
        }
        List<AuditEntry> rows = audit.map((r, context) -> new AuditEntry(
                        r.getLong("change_id"),
                        r.getLong("id"),
                        instant(r, "at"),
                        r.getString("action"),
                        r.getString("group_id"),
                        text(r, "topic"),
                        r.getObject("partition") == null ? OptionalInt.empty() : OptionalInt.of(r.getInt("partition")),
                        number(r, "from_offset"),
                        number(r, "to_offset"),
                        r.getString("by_role"),
                        r.getString("by_client"),
                        text(r, "reason"),
                        text(r, "details")))
                .list();
        String group = query.group();
        // A group that was deleted is known only by its audit rows.
        if (rows.isEmpty() && group != null && !hasRows(group)) {
            StoredGroup.requireKnown(handle, store, group);
        }
        return rows;
    }

    private boolean hasRows(String group) {
        return query("select exists (select from {schema}.audit_log where group_id = :group)")
                .bind("group", group)
                .mapTo(Boolean.class)
                .one();
    }

    List<DeadLetterSummary> deadLetters(DeadLetterQuery query) {
        StoredGroup.requireKnown(handle, store, query.group());
        List<Long> ids = query.ids();
        if (ids != null) {
            List<Long> missing = new ArrayList<>(ids);
            missing.removeAll(existing(query.group(), ids));
            if (!missing.isEmpty()) {
                throw unknown(query.group(), missing);
            }
        }
        Query letters = query(DEAD_LETTERS.replace("{ids}", ids == null ? "" : "and id = any (cast(:ids as bigint[]))"))
                .bind("group", query.group())
                .bind("after", query.after())
                .bind("topic", query.topic())
                .bind("code", query.errorCode())
                .bind("redrivable", query.isRedrivable())
                .bind("limit", query.limit());
        if (ids != null) {
            letters.bind("ids", GroupFunctions.array(ids));
        }
        return letters.map((r, context) -> deadLetter(r)).list();
    }

    private static DeadLetterSummary deadLetter(ResultSet r) throws SQLException {
        long timestamp = r.getLong("timestamp_ms");
        ErrorClass error = ErrorClass.of(r.getString("error_class"));
        return new DeadLetterSummary(
                r.getLong("id"),
                r.getString("topic"),
                r.getInt("partition"),
                r.getLong("record_offset"),
                timestamp < 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(timestamp)),
                text(r, "error_code"),
                error.type(),
                error.sqlState(),
                error.text(),
                r.getInt("attempts"),
                r.getBoolean("holds_key"),
                instant(r, "parked_at"),
                maybe(r, "superseded_at"));
    }

    private List<Long> existing(String group, List<Long> ids) {
        return query(
                        "select id from {schema}.dead_letter where group_id = :group and id = any (cast(:ids as bigint[]))")
                .bind("group", group)
                .bind("ids", GroupFunctions.array(ids))
                .mapTo(Long.class)
                .list();
    }

    /** The error for ids that the group does not have (TM-601); lists those that it has. */
    TidemarkException unknown(String group, List<Long> missing) {
        List<Long> some = query(
                        "select id from {schema}.dead_letter where group_id = :group order by id limit " + (NAMED + 1))
                .bind("group", group)
                .mapTo(Long.class)
                .list();
        String there = some.isEmpty()
                ? "it has none"
                : "it has " + words(some.subList(0, Math.min(NAMED, some.size())))
                        + (some.size() > NAMED ? ", ..." : "");
        return OperatorErrors.nothingMatched("group " + group + " has no dead letter " + words(missing) + ": " + there);
    }

    private static String words(List<Long> ids) {
        return ids.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static OptionalLong number(ResultSet r, String column) throws SQLException {
        long value = r.getLong(column);
        return r.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private static Optional<String> text(ResultSet r, String column) throws SQLException {
        return Optional.ofNullable(r.getString(column));
    }

    private static Optional<Instant> maybe(ResultSet r, String column) throws SQLException {
        return Optional.ofNullable(r.getTimestamp(column)).map(Timestamp::toInstant);
    }

    private static Instant instant(ResultSet r, String column) throws SQLException {
        return Objects.requireNonNull(r.getTimestamp(column)).toInstant();
    }
}
