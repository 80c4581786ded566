package dev.tidemark.cli.command;

import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The partitions of a group. */
@Command(
        name = "describe",
        description = {
            "Shows each partition of a group: its offset, its lag, who owns it, and why it has halted or waits.",
            "LAG is in records, as the owners last sampled the log, at SAMPLED-AT. Needs only the database."
        })
public final class DescribeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        Table table = new Table(
                "topic",
                "partition",
                "stored_offset",
                "log_end_offset",
                "lag",
                "owner",
                "state",
                "error_code",
                "since",
                "updated_at",
                "sampled_at",
                "error_text");
        database.looks()
                .describe(group)
                .forEach(p -> table.add(
                        p.partition().topic(),
                        p.partition().partition(),
                        p.storedOffset(),
                        p.logEndOffset(),
                        p.lag(),
                        p.owner(),
                        p.state(),
                        p.errorCode(),
                        p.since(),
                        p.updatedAt(),
                        p.sampledAt(),
                        p.errorText()));
        output.print(table);
        return ExitCode.DONE;
    }
}
