package dev.tidemark.doctor;

import java.util.ArrayList;
import java.util.List;

/**
 * One privilege on the offset store, as {@code grant_access()} grants it.
 *
 * @param action as SQL names it: {@code SELECT}, {@code EXECUTE}
 * @param object a table, view or function; empty for the schema itself
 * @param columns those that it is limited to; empty for all
 */
record Privilege(Kind kind, String action, String object, List<String> columns) {
    /** Who needs it. */
    enum Kind {
        reader,
        writer,
        operator
    }

    private static final List<String> RELATIONS = List.of(
            "store_info",
            "topic_binding",
            "stored_offset",
            "log_end",
            "partition_state",
            "audit_log",
            "consumer_pause",
            "consumer_lag",
            "consumer_group",
            "dead_letter_summary");

    /** The columns of {@code dead_letter} that hold nothing of its record, and no message of a handler. */
    private static final String WITHOUT_CONTENTS =
            "id, group_id, topic, incarnation, partition, record_offset, timestamp_ms, timestamp_type, holds_key, error_code,"
                    + " error_class, attempts, parked_by, parked_at, superseded_at, read_again_at";

    /** What a reader needs, and what a writer or an operator needs in addition. */
    static List<Privilege> all() {
        List<Privilege> all = new ArrayList<>();
        all.add(new Privilege(Kind.reader, "USAGE", "", List.of()));
        RELATIONS.forEach(relation -> all.add(new Privilege(Kind.reader, "SELECT", relation, List.of())));
        all.add(new Privilege(Kind.reader, "SELECT", "dead_letter", List.of(WITHOUT_CONTENTS.split(", "))));
        for (Kind seesContents : List.of(Kind.writer, Kind.operator)) {
            all.add(new Privilege(seesContents, "SELECT", "dead_letter", List.of()));
        }
        for (String function : List.of("change_id", "held_offset", "advance_offset")) {
            all.add(new Privilege(Kind.writer, "EXECUTE", function, List.of()));
        }
        write(all, "INSERT", "topic_binding", "group_id, topic, cluster_id, topic_id, partitions");
        write(all, "UPDATE", "topic_binding", "partitions");
        write(all, "INSERT", "stored_offset", "group_id, topic, partition, next_offset");
        write(
                all,
                "UPDATE",
                "stored_offset",
                "next_offset, leader_epoch, owner_token, owner_epoch, progress_epoch, owner_name, claimed_at, updated_at,"
                        + " given_up_in_row, given_up_unproven, given_up_offset");
        write(all, "INSERT", "log_end", "group_id, topic, partition, log_start, log_end");
        write(all, "UPDATE", "log_end", "log_start, log_end, sampled_at");
        write(
                all,
                "INSERT",
                "partition_state",
                "group_id, topic, partition, halted_at, error_code, error_text, suspect_offset, suspect_attempts,"
                        + " waiting_since, waiting_epoch, waiting_code, waiting_text");
        write(
                all,
                "UPDATE",
                "partition_state",
                "halted_at, error_code, error_text, suspect_offset, suspect_attempts,"
                        + " waiting_since, waiting_epoch, waiting_code, waiting_text");
        write(
                all,
                "INSERT",
                "dead_letter",
                "group_id, topic, incarnation, partition, record_offset, timestamp_ms, timestamp_type, key, value,"
                        + " header_keys, header_values, holds_key, error_code, error_class, error_message, error_stack,"
                        + " attempts, parked_by");
        write(
                all,
                "UPDATE",
                "dead_letter",
                "holds_key, error_code, error_class, error_message, error_stack, attempts, parked_by, parked_at,"
                        + " superseded_at");
        all.add(new Privilege(Kind.writer, "DELETE", "dead_letter", List.of()));
        write(
                all,
                "INSERT",
                "audit_log",
                "action, group_id, topic, partition, incarnation, from_offset, to_offset, reason");
        for (String function : List.of(
                "reset_offset",
                "undo_reset",
                "rebind_topic",
                "bind_topic",
                "pause",
                "resume",
                "drop_dead_letter",
                "delete_group")) {
            all.add(new Privilege(Kind.operator, "EXECUTE", function, List.of()));
        }
        return all;
    }

    private static void write(List<Privilege> all, String privilege, String table, String columns) {
        all.add(new Privilege(Kind.writer, privilege, table, List.of(columns.split(", "))));
    }

    /** For people. */
    String words() {
        return action + (object.isEmpty() ? " on the schema" : " on " + object);
    }
}
