package dev.tidemark.admin;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a change has done. It is committed. Components may be added.
 *
 * @param changeId names it in the audit log, and for {@link TidemarkAdmin#planUndo}; empty for a rebind and where only new topics were
 *     bound, which cannot be undone
 * @param incarnation which topic of its name a rebind has bound, from 1; empty for other changes
 * @param moves as they came to be: targets that count from where partitions stand were counted under their locks
 * @param notes what the caller should know besides, a sentence each
 */
public record ChangeResult(
        OptionalLong changeId, OptionalInt incarnation, List<OffsetMove> moves, List<String> notes) {}
