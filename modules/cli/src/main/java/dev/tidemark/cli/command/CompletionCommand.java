package dev.tidemark.cli.command;

import dev.tidemark.cli.output.ExitCode;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A completion script for the shell. */
@Command(
        name = "completion",
        description = "Prints a completion script for bash and zsh. In ~/.bashrc: source <(tidemark completion)")
public final class CompletionCommand implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        command.commandLine()
                .getOut()
                .print(AutoComplete.bash("tidemark", command.root().commandLine()));
        command.commandLine().getOut().flush();
        return ExitCode.DONE;
    }
}
