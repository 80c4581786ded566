package dev.tidemark.recipes;

import static org.jooq.impl.DSL.excluded;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.table;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.Flights.Flight;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.impl.DSL;

/** jOOQ in a handler. */
final class JooqRecipe {
    /** What jOOQ's generator makes of the table. */
    private static final Table<Record> AIRPORT = table(name("airport"));

    private static final Field<String> CODE = field(name("airport", "code"), String.class);
    private static final Field<Long> DEPARTURES = field(name("airport", "departures"), Long.class);
    private static final Field<Long> TOTAL_DELAY = field(name("airport", "total_delay"), Long.class);

    private JooqRecipe() {}

    static TidemarkConsumer ofTheUnit(TidemarkBuilder<String, Flight> builder) {
        // docs: jooq
        var flights = builder.handle((record, tx) -> DSL.using(tx.getConnection(), SQLDialect.POSTGRES)
                .insertInto(AIRPORT, CODE, DEPARTURES, TOTAL_DELAY)
                .values(record.value().origin(), 1L, (long) record.value().delay())
                .onConflict(CODE)
                .doUpdate()
                .set(DEPARTURES, DEPARTURES.plus(1))
                .set(TOTAL_DELAY, TOTAL_DELAY.plus(excluded(TOTAL_DELAY)))
                .execute());
        // docs: end
        return flights;
    }
}
