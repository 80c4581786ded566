package dev.tidemark.admin;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A row of the audit log. Components may be added.
 *
 * @param changeId all rows of one transaction share it
 * @param id grows with each row
 * @param at when, by the server's clock
 * @param action what happened, such as {@code reset} or {@code pause}; the comment on {@code audit_log.action} lists them
 * @param topic empty if it is about the whole group
 * @param partition empty if it is about the whole topic
 * @param fromOffset the stored offset before; empty if there was none, or none applies
 * @param toOffset the stored offset after; empty if there is none left, or none applies
 * @param byRole the database role that logged in
 * @param byClient {@code application_name} of its session
 * @param reason why, as the caller or the library stated it
 * @param details more details, as a JSON object; empty if there are none
 */
public record AuditEntry(
        long changeId,
        long id,
        Instant at,
        String action,
        String group,
        Optional<String> topic,
        OptionalInt partition,
        OptionalLong fromOffset,
        OptionalLong toOffset,
        String byRole,
        String byClient,
        Optional<String> reason,
        Optional<String> details) {}
