package dev.tidemark.cli.command;

import dev.tidemark.admin.DeadLetterSummary;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.DeadLetterOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.WholeNumbers;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The parked records of a group. */
@Command(
        name = "list",
        description = {
            "Lists the parked records of a group: where they come from and why they were parked, not their contents.",
            "SUPERSEDED-AT: since then they are to be read again from the log, and cannot be redriven. Needs only the"
                    + " database."
        })
public final class DeadLettersListCommand implements Callable<Integer> {
    @Mixin
    private DeadLetterOptions choice = new DeadLetterOptions();

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "100",
            converter = WholeNumbers.Counts.class,
            description = "At most this many, the oldest. Default: ${DEFAULT-VALUE}.")
    private int limit = 100;

    @Option(
            names = "--after",
            paramLabel = "ID",
            defaultValue = "0",
            converter = WholeNumbers.Offsets.class,
            description = "Only those with a greater id: the next page.")
    private long after;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        choice.refuseIds();
        List<DeadLetterSummary> letters =
                database.looks().deadLetters(choice.query().after(after).withLimit(limit));
        Table table = new Table(
                "id",
                "topic",
                "partition",
                "record_offset",
                "timestamp",
                "error_code",
                "error_class",
                "sqlstate",
                "error_text",
                "attempts",
                "holds_key",
                "parked_at",
                "superseded_at");
        letters.forEach(letter -> table.add(
                letter.id(),
                letter.topic(),
                letter.partition(),
                letter.offset(),
                letter.timestamp(),
                letter.errorCode(),
                letter.errorClass(),
                letter.sqlState(),
                letter.errorText(),
                letter.attempts(),
                letter.holdsKey(),
                letter.parkedAt(),
                letter.supersededAt()));
        output.print(table);
        if (letters.isEmpty() && choice.isNarrowed()) {
            output.say(choice.missing());
        }
        if (letters.size() == limit) {
            output.say("There may be more: --after " + letters.get(limit - 1).id());
        }
        return ExitCode.DONE;
    }
}
