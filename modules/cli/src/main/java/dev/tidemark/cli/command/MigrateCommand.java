package dev.tidemark.cli.command;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.admin.StoreInfo;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Creates or upgrades the schema. */
@Command(
        name = "migrate",
        description = {
            "Creates the schema of the offset store, or upgrades it to this version.",
            "Safe to repeat, and to run from several places at once. Consumers may keep running."
        })
public final class MigrateCommand implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        TidemarkSchema.migrate(database.forChanges(), database.schema());
        StoreInfo store = database.looks().store();
        Table table = new Table("schema", "schema_version", "store_id");
        table.add(store.schema(), store.schemaVersion(), store.storeId());
        output.print(table);
        return ExitCode.DONE;
    }
}
