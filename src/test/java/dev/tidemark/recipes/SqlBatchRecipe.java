package dev.tidemark.recipes;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.sql.SqlBatch;
import dev.tidemark.testkit.Flights.Flight;

/** A statement and a function to its parameters. */
final class SqlBatchRecipe {
    private SqlBatchRecipe() {}

    static TidemarkConsumer ofTheUnit(TidemarkBuilder<String, Flight> builder) {
        // docs: one-statement
        var flights = builder.handleBatch(SqlBatch.of(
                "insert into airport as a (code, departures, total_delay) values (?, 1, ?)"
                        + " on conflict (code) do update"
                        + " set departures = a.departures + 1, total_delay = a.total_delay + excluded.total_delay",
                (record, rows) ->
                        rows.add(record.value().origin(), record.value().delay())));
        // docs: end
        return flights;
    }
}
