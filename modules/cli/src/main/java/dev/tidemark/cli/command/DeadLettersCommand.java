package dev.tidemark.cli.command;

import picocli.CommandLine.Command;

/** Parked records: a command for each thing that is done about them. */
@Command(
        name = "dead-letters",
        description = "Shows parked records, applies them after all, or gives them up.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DeadLettersListCommand.class,
            DeadLettersShowCommand.class,
            RedriveCommand.class,
            DeadLettersDropCommand.class
        })
public final class DeadLettersCommand {}
