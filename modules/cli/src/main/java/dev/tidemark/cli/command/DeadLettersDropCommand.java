package dev.tidemark.cli.command;

import dev.tidemark.admin.DeadLetterQuery;
import dev.tidemark.admin.DeadLetterSummary;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.DeadLetterOptions;
import dev.tidemark.cli.option.ExecuteOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Drops parked records. */
@Command(
        name = "drop",
        description = {
            "Drops parked records: they never take effect. Each leaves a row in audit_log, without its content.",
            "A dry run unless --execute. Needs only the database."
        })
public final class DeadLettersDropCommand implements Callable<Integer> {
    @Mixin
    private DeadLetterOptions choice = new DeadLetterOptions();

    @Parameters(index = "1..*", paramLabel = "ID", description = "The dead letters, as dead-letters list shows them.")
    private List<String> ids = List.of();

    @Option(names = "--all", description = "All of the group, or those that --topic and --error-code select.")
    private boolean all;

    @Mixin
    private ExecuteOptions change = new ExecuteOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        List<Long> named = choice.ids(ids);
        if (all == !named.isEmpty() || (!all && choice.isNarrowed())) {
            throw CommandException.wrongInput(
                    "name dead letters: their ids, or --all, which --topic and --error-code can filter");
        }
        DeadLetterQuery query = all ? choice.query() : choice.query().withIds(named);
        Table table = new Table("id", "topic", "partition", "record_offset", "error_code", "result");
        if (change.execute()) {
            List<DeadLetterSummary.Drop> drops = database.changes().dropDeadLetters(query, change.options());
            drops.forEach(
                    drop -> add(table, drop.deadLetter(), drop.dropped() ? "dropped" : "kept: it is being redriven"));
        } else {
            database.looks().deadLetters(query).forEach(letter -> add(table, letter, "would be dropped"));
        }
        if (table.isEmpty()) {
            throw CommandException.nothingMatched(choice.missing());
        }
        output.print(table);
        change.sayIfDry(output);
        return ExitCode.DONE;
    }

    private static void add(Table table, DeadLetterSummary letter, String result) {
        table.add(letter.id(), letter.topic(), letter.partition(), letter.offset(), letter.errorCode(), result);
    }
}
