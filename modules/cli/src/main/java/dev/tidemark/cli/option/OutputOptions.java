package dev.tidemark.cli.option;

import dev.tidemark.cli.output.Printable;
import dev.tidemark.cli.output.Table;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How a command prints: tables for people, JSON and CSV for programs. */
public final class OutputOptions {
    /** The formats. */
    public enum Format {
        table,
        json,
        csv
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "One of ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Format format = Format.table;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    public Format format() {
        return format;
    }

    /** Prints rows on standard output. */
    public void print(Table listing) {
        PrintWriter out = command.commandLine().getOut();
        switch (format) {
            case table -> out.print(listing.asTable());
            case json -> out.println(listing.asJson());
            case csv -> out.print(listing.asCsv());
        }
        out.flush();
    }

    /** Prints rows on standard output; for people, this text instead of a table. */
    public void print(Table listing, String text) {
        if (format == Format.table) {
            PrintWriter out = command.commandLine().getOut();
            out.print(text);
            out.flush();
        } else {
            print(listing);
        }
    }

    /** Prints a message for people, on standard error, so that programs read only rows. */
    public void say(String line) {
        PrintWriter err = command.commandLine().getErr();
        err.println(Printable.text(repeated(line)));
        err.flush();
    }

    /** A message, with the options that named the servers in the commands that it proposes. */
    public String repeated(String text) {
        return TypedOptions.repeated(command.commandLine(), text);
    }
}
