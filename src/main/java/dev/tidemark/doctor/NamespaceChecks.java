package dev.tidemark.doctor;

import dev.tidemark.TidemarkSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Whether the schema holds the offset store alone, and stays so. Pure. */
final class NamespaceChecks {
    private static final String SECTION = "schema";

    /** Tables, views and sequences that no column owns. */
    static final List<String> RELATIONS = List.of(
            TidemarkSchema.HISTORY_TABLE,
            "store_info",
            "topic_binding",
            "stored_offset",
            "log_end",
            "dead_letter",
            "partition_state",
            "consumer_pause",
            "audit_log",
            "change_id_seq",
            "consumer_lag",
            "consumer_group",
            "dead_letter_summary");

    /** Functions with the types of their arguments: another one of the same name could be called in place of ours. */
    static final List<String> FUNCTIONS = List.of(
            "change_id()",
            "set_cause(text, text, jsonb)",
            "fence_manual_move()",
            "note_manual_row()",
            "note_read_again(text, text, integer, bigint, text)",
            "fence_inserted_row()",
            "held_offset(text, text, integer, uuid, bigint)",
            "advance_offset(text, text, integer, uuid, bigint, bigint, integer, xid8)",
            "reset_offset(text, text, integer, bigint, text)",
            "undo_reset(bigint, text)",
            "check_binding(text, bigint[])",
            "bind_topic(text, text, text, text, bigint[], text)",
            "rebind_topic(text, text, text, text, bigint[], text)",
            "pause(text, text, integer, text)",
            "resume(text, text, integer, text)",
            "drop_dead_letter(text, bigint, text)",
            "delete_group(text, text, boolean)",
            "grant_access(name, text)");

    private NamespaceChecks() {}

    /**
     * What is in the schema, and what goes there.
     *
     * @param role the connected role
     * @param creates whether its unqualified CREATE statements go to the schema
     * @param namesakes other roles of whom that is true because they are called like the schema; quoted as SQL wants it
     * @param strangers what is in the schema and not the offset store's
     */
    record Facts(String role, boolean creates, List<String> namesakes, List<Stranger> strangers) {}

    /**
     * An object.
     *
     * @param kind as ALTER calls it, in lower case
     * @param name with its schema, quoted as SQL wants it
     */
    record Stranger(String kind, String name) {}

    static List<Finding> judge(String schema, Facts facts) {
        List<String> roles = Stream.concat(
                        facts.creates() ? Stream.of(facts.role()) : Stream.of(), facts.namesakes().stream())
                .toList();
        List<Finding> findings = new ArrayList<>(Finding.each(
                roles.stream().map(role -> creates(schema, role)).toList(),
                Finding.ok(SECTION, "search path", "unqualified names do not lead into schema " + schema)));
        findings.addAll(Finding.each(
                facts.strangers().stream()
                        .map(stranger -> stranger(schema, stranger))
                        .toList(),
                Finding.ok(SECTION, "objects", "schema " + schema + " holds the offset store and nothing else")));
        return findings;
    }

    private static Finding creates(String schema, String role) {
        return Finding.warn(
                SECTION,
                "search path",
                "the search path of role " + role + " begins with schema " + schema
                        + ", as it does for a role of the same name: its CREATE statements without a schema go there",
                "alter role " + role + " set search_path = public");
    }

    private static Finding stranger(String schema, Stranger stranger) {
        String elsewhere = schema.equals("public") ? "another" : "public";
        return Finding.warn(
                SECTION,
                "objects",
                stranger.kind() + " " + stranger.name()
                        + " is in the schema of the offset store, and is not part of it",
                "alter " + stranger.kind() + " " + stranger.name() + " set schema " + elsewhere);
    }
}
