package dev.tidemark.cli.command;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.admin.StoreInfo;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.WholeNumbers;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Creates or upgrades the schema. */
@Command(
        name = "migrate",
        description = {
            "Creates the schema of the offset store, or upgrades it to this version.",
            "Safe to repeat, and to run from several places at once. Consumers may keep running.",
            "With --print it connects to no database, and prints the SQL instead."
        })
public final class MigrateCommand implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Option(
            names = "--print",
            description = "Print the SQL that creates or upgrades the schema, for a tool of your own, and run nothing.")
    private boolean print;

    @Option(
            names = "--from",
            paramLabel = "VERSION",
            converter = WholeNumbers.Versions.class,
            description = "With --print: only what comes after this version of the schema. Default: 0, all of it.")
    private @Nullable Integer from;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        if (print) {
            String script = TidemarkSchema.script(database.schema(), from == null ? 0 : from);
            command.commandLine().getOut().print(script);
            command.commandLine().getOut().flush();
            return ExitCode.DONE;
        }
        if (from != null) {
            throw CommandException.wrongInput("--from only selects what --print prints: add --print, or leave it out");
        }
        TidemarkSchema.migrate(database.forChanges(), database.schema());
        StoreInfo store = database.looks().store();
        Table table = new Table("schema", "schema_version", "store_id");
        table.add(store.schema(), store.schemaVersion(), store.storeId());
        output.print(table);
        return ExitCode.DONE;
    }
}
