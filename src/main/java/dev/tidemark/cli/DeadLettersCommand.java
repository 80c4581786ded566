package dev.tidemark.cli;

import picocli.CommandLine.Command;

/** Parked records. */
@Command(
        name = "dead-letters",
        description = "Shows parked records, applies them after all, or gives them up.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {RedriveCommand.class})
final class DeadLettersCommand {}
