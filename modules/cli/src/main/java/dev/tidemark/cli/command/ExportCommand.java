package dev.tidemark.cli.command;

import dev.tidemark.admin.OffsetsFile;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.ScopeOptions;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes offsets to a file. */
@Command(
        name = "export",
        description = {
            "Writes a group's offsets as CSV: lines of topic,partition,offset, without a header.",
            "tidemark import and kafka-consumer-groups --reset-offsets --from-file read it. Needs only the database."
        })
public final class ExportCommand implements Callable<Integer> {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "The file to write; an existing one is replaced. Default, and -: standard output.")
    private @Nullable Path file;

    @Mixin
    private ScopeOptions scopes = new ScopeOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        String text = OffsetsFile.print(database.looks().offsets(group.get(), scopes.selectionOrAll()));
        if (file == null || file.equals(Path.of("-"))) {
            PrintWriter out = command.commandLine().getOut();
            out.print(text);
            out.flush();
            return ExitCode.DONE;
        }
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw CommandException.wrongInput("the file cannot be written: " + file);
        }
        return ExitCode.DONE;
    }
}
