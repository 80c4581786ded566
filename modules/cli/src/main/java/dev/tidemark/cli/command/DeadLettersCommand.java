package dev.tidemark.cli.command;

import picocli.CommandLine.Command;

/** Parked records, with a subcommand for each operation. */
@Command(
        name = "dead-letters",
        description = "Shows parked records, redrives them, or drops them.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DeadLettersListCommand.class,
            DeadLettersShowCommand.class,
            RedriveCommand.class,
            DeadLettersDropCommand.class
        })
public final class DeadLettersCommand {}
