package dev.tidemark.recipes;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.Flights.Flight;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import javax.sql.DataSource;
import org.hibernate.LockMode;
import org.hibernate.SessionFactory;
import org.hibernate.jpa.HibernatePersistenceConfiguration;

/** Hibernate in a handler: a session on the unit's connection, without a transaction of its own. */
final class HibernateRecipe {
    private HibernateRecipe() {}

    /** A row of the fold. */
    @Entity(name = "airport")
    @SuppressWarnings("UnusedVariable") // Hibernate reads them all
    static class Airport {
        @Id
        private String code = "";

        private long departures;

        @Column(name = "total_delay")
        private long totalDelay;

        protected Airport() {}

        Airport(String code) {
            this.code = code;
        }

        void depart(int delay) {
            departures++;
            totalDelay += delay;
        }
    }

    static SessionFactory sessions(DataSource dataSource) {
        // docs: hibernate-factory
        SessionFactory sessions = new HibernatePersistenceConfiguration("flights")
                .managedClass(Airport.class)
                .property("jakarta.persistence.nonJtaDataSource", dataSource)
                .property("hibernate.allow_update_outside_transaction", true) // the transaction is Tidemark's
                .createEntityManagerFactory();
        // docs: end
        return sessions;
    }

    static TidemarkConsumer ofTheUnit(TidemarkBuilder<String, Flight> builder, SessionFactory sessions) {
        // docs: hibernate
        var flights = builder.handleBatch((records, tx) -> {
            try (var session =
                    sessions.withOptions().connection(tx.getConnection()).openSession()) {
                for (var record : records) {
                    String code = record.value().origin();
                    Airport airport = session.find(Airport.class, code, LockMode.PESSIMISTIC_WRITE);
                    if (airport == null) {
                        airport = new Airport(code);
                        session.persist(airport);
                    }
                    airport.depart(record.value().delay());
                }
                session.flush(); // nothing else flushes it
            }
        });
        // docs: end
        return flights;
    }
}
