package dev.tidemark.recipes;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.Flights.Flight;
import java.util.List;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Spring's JdbcTemplate in a handler: one made for the unit, and one that a bean has had all along. */
final class JdbcTemplateRecipes {
    private JdbcTemplateRecipes() {}

    static TidemarkConsumer ofTheUnit(TidemarkBuilder<String, Flight> builder) {
        // docs: jdbc-template
        var flights = builder.handleBatch((records, tx) -> {
            var jdbc =
                    new JdbcTemplate(new SingleConnectionDataSource(tx.getConnection(), true)); // true: never closes it
            jdbc.batchUpdate(
                    "insert into airport as a (code, departures, total_delay) values (?, 1, ?)"
                            + " on conflict (code) do update"
                            + " set departures = a.departures + 1, total_delay = a.total_delay + excluded.total_delay",
                    records,
                    records.size(),
                    (statement, record) -> {
                        statement.setString(1, record.value().origin());
                        statement.setInt(2, record.value().delay());
                    });
        });
        // docs: end
        return flights;
    }

    /** A bean as applications have them; it knows nothing of units. */
    static final class Airports {
        private final JdbcTemplate jdbc;

        Airports(DataSource dataSource) {
            this.jdbc = new JdbcTemplate(dataSource);
        }

        void depart(List<ConsumerRecord<String, Flight>> records) {
            for (ConsumerRecord<String, Flight> record : records) {
                jdbc.update(
                        "insert into airport as a (code, departures, total_delay) values (?, 1, ?)"
                                + " on conflict (code) do update"
                                + " set departures = a.departures + 1, total_delay = a.total_delay + excluded.total_delay",
                        record.value().origin(),
                        record.value().delay());
            }
        }
    }

    static TidemarkConsumer ofABean(TidemarkBuilder<String, Flight> builder, DataSource dataSource, Airports airports) {
        // docs: jdbc-bean
        var flights = builder.handleBatch((records, tx) -> {
            TransactionSynchronizationManager.bindResource(dataSource, new ConnectionHolder(tx.getConnection()));
            try {
                airports.depart(records); // its JdbcTemplate was made with the same dataSource
            } finally {
                TransactionSynchronizationManager.unbindResource(dataSource);
            }
        });
        // docs: end
        return flights;
    }
}
