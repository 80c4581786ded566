package dev.tidemark.admin;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The result of a change, which is committed. Components may be added.
 *
 * @param changeId identifies it in the audit log, and for {@link TidemarkAdmin#planUndo}; empty for a rebind and if only new topics were
 *     bound, which cannot be undone
 * @param incarnation the incarnation that a rebind has created, from 1; empty for other changes
 * @param moves as executed: relative targets were computed under the partitions' locks
 * @param notes what else the caller should know, one sentence each
 */
public record ChangeResult(
        OptionalLong changeId, OptionalInt incarnation, List<OffsetMove> moves, List<String> notes) {}
