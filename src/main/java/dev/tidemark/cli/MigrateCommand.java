package dev.tidemark.cli;

import dev.tidemark.TidemarkSchema;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Makes the schema, or brings it to this version. */
@Command(
        name = "migrate",
        description = {
            "Makes the schema of the offset store, or brings it to this version.",
            "Harmless to repeat, and to do from several places at once. Consumers may run meanwhile."
        })
final class MigrateCommand implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        TidemarkSchema.migrate(database.forChanges(), database.schema().name());
        try (Handle handle = database.open()) {
            output.print(Listing.of(
                    handle.createQuery(
                                    database.sql(
                                            "select '{schema}' as schema, schema_version, store_id::text from {schema}.store_info"))
                            .mapToMap()
                            .list(),
                    "schema",
                    "schema_version",
                    "store_id"));
        }
        return ExitCode.DONE;
    }
}
