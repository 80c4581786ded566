package dev.tidemark.cli;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which dead letters of a group are meant, and how they are listed: without keys and values, which may be anything. */
final class DeadLetterChoice {
    // A record may come with any number; PostgreSQL's times end with the year 294276.
    private static final String ROWS = """
            select id, topic, partition, record_offset, case when timestamp_ms between 0 and 9224318015000000
                        then to_timestamp(timestamp_ms / 1000.0) end as timestamp,
                   error_code, error_class, attempts, holds_key, parked_at, superseded_at
              from {schema}.dead_letter
             where group_id = :group and id > :after
               and (cast(:topic as text) is null or topic = :topic)
               and (cast(:code as text) is null or error_code = :code)
               and (not :redrivable or superseded_at is null) {chosen}
             order by id limit :limit
            """;

    @Parameters(index = "0", paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Option(names = "--topic", paramLabel = "TOPIC", description = "Only those of this topic.")
    private @Nullable String topic;

    @Option(names = "--error-code", paramLabel = "CODE", description = "Only those parked for this, such as TM-502.")
    private @Nullable String errorCode;

    /** All of a group. */
    static DeadLetterChoice of(String group) {
        DeadLetterChoice choice = new DeadLetterChoice();
        choice.group = group;
        return choice;
    }

    String group() {
        return group;
    }

    /** Whether the caller named a topic or an error. */
    boolean isNarrowed() {
        return topic != null || errorCode != null;
    }

    /** In the order of their ids. */
    List<Map<String, Object>> rows(Handle handle, DatabaseOptions database, long after, int limit) {
        return rows(handle, database, after, limit, false);
    }

    /** In the order of their ids, those only that can be redriven. */
    List<Map<String, Object>> redrivable(Handle handle, DatabaseOptions database, long after, int limit) {
        return rows(handle, database, after, limit, true);
    }

    /** Those of these ids, in the order of their ids. */
    List<Map<String, Object>> chosen(Handle handle, DatabaseOptions database, List<Long> ids, long after, int limit) {
        return handle.createQuery(database.sql(ROWS.replace("{chosen}", "and id = any (cast(:ids as bigint[]))")))
                .bind("ids", array(ids))
                .bind("group", group)
                .bind("after", after)
                .bind("topic", topic)
                .bind("code", errorCode)
                .bind("redrivable", false)
                .bind("limit", limit)
                .mapToMap()
                .list();
    }

    /** Which of these ids the group has. */
    List<Long> existing(Handle handle, DatabaseOptions database, List<Long> ids) {
        return handle.createQuery(database.sql("select id from {schema}.dead_letter where group_id = :group"
                        + " and id = any (cast(:ids as bigint[]))"))
                .bind("group", group)
                .bind("ids", array(ids))
                .mapTo(Long.class)
                .list();
    }

    private static String array(List<Long> ids) {
        return ids.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    private List<Map<String, Object>> rows(
            Handle handle, DatabaseOptions database, long after, int limit, boolean redrivable) {
        return handle.createQuery(database.sql(ROWS.replace("{chosen}", "")))
                .bind("group", group)
                .bind("after", after)
                .bind("topic", topic)
                .bind("code", errorCode)
                .bind("limit", limit)
                .bind("redrivable", redrivable)
                .mapToMap()
                .list();
    }

    /** Refuses a group that the store does not hold (TM-601). */
    void check(Handle handle, DatabaseOptions database) {
        boolean known = handle.createQuery(
                        database.sql("select exists (select from {schema}.topic_binding where group_id = :group)"))
                .bind("group", group)
                .mapTo(Boolean.class)
                .one();
        if (!known) {
            throw Groups.unknown(handle, database, group);
        }
    }

    /** The error for ids that the group does not have (TM-601); says which it has. */
    CommandException unknown(Handle handle, DatabaseOptions database, List<Long> missing) {
        List<Long> some = handle.createQuery(database.sql(
                        "select id from {schema}.dead_letter where group_id = :group order by id limit 11"))
                .bind("group", group)
                .mapTo(Long.class)
                .list();
        String there = some.isEmpty()
                ? "it has none"
                : "it has " + some.stream().limit(10).map(String::valueOf).collect(Collectors.joining(", "))
                        + (some.size() > 10 ? ", ..." : "");
        return CommandException.nothingMatched("group " + group + " has no dead letter "
                + missing.stream().map(String::valueOf).collect(Collectors.joining(", ")) + ": " + there);
    }
}
