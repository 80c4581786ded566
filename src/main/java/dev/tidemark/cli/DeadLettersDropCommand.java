package dev.tidemark.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives parked records up. */
@Command(
        name = "drop",
        description = {
            "Gives parked records up: they never take effect. Each leaves a row in audit_log, without its content.",
            "A dry run unless --execute. Needs the database only."
        })
final class DeadLettersDropCommand implements Callable<Integer> {
    @Mixin
    private DeadLetterChoice choice = new DeadLetterChoice();

    @Parameters(index = "1..*", paramLabel = "ID", description = "The dead letters, as dead-letters list shows them.")
    private List<Long> ids = List.of();

    @Option(names = "--all", description = "All of the group, or all that --topic and --error-code leave.")
    private boolean all;

    @Mixin
    private ChangeOptions change = new ChangeOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        if (all == !ids.isEmpty() || (!all && choice.isNarrowed())) {
            throw CommandException.wrongInput(
                    "say which: the ids of dead letters, or --all, which --topic and --error-code narrow down");
        }
        try (Handle handle = database.open()) {
            choice.check(handle, database);
            if (change.execute()) {
                database.beginChange(handle);
            }
            Listing listing = handle.inTransaction(this::drop);
            output.print(listing);
            change.sayIfDry(output);
        }
        return ExitCode.DONE;
    }

    /** All of them in one transaction, and so one change of the audit log. */
    private Listing drop(Handle tx) {
        DatabaseOptions.limitIdle(tx);
        List<Map<String, Object>> rows = choice.rows(tx, database, 0, Integer.MAX_VALUE).stream()
                .filter(row -> all || ids.contains((Long) row.get("id")))
                .toList();
        List<Long> found = rows.stream().map(row -> (Long) row.get("id")).toList();
        List<Long> missing = new ArrayList<>(ids);
        missing.removeAll(found);
        if (!missing.isEmpty()) {
            throw choice.unknown(tx, database, missing);
        }
        if (rows.isEmpty()) {
            throw CommandException.nothingMatched("group " + choice.group() + " has no such dead letter");
        }
        Set<Long> dropped = change.execute() ? dropped(tx, found) : Set.of();
        Listing listing = new Listing("id", "topic", "partition", "record_offset", "error_code", "result");
        for (Map<String, Object> row : rows) {
            listing.add(
                    row.get("id"),
                    row.get("topic"),
                    row.get("partition"),
                    row.get("record_offset"),
                    row.get("error_code"),
                    !change.execute()
                            ? "would be dropped"
                            : dropped.contains((Long) row.get("id")) ? "dropped" : "kept: somebody is redriving it");
        }
        return listing;
    }

    private Set<Long> dropped(Handle tx, List<Long> found) {
        return tx
                .createQuery(database.sql("select id from unnest(cast(string_to_array(:ids, ',') as bigint[])) as i(id)"
                        + " where {schema}.drop_dead_letter(:group, id, :reason)"))
                .bind("ids", found.stream().map(String::valueOf).collect(Collectors.joining(",")))
                .bind("group", choice.group())
                .bind("reason", change.reason())
                .mapTo(Long.class)
                .stream()
                .collect(Collectors.toSet());
    }
}
