package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two consumers with three workers each, under the stricter isolation levels, wherever these are set. */
@Tag("chaos")
@Tag("exhaustive")
class IsolationIT {
    private static final int PARTITIONS = 8;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("isolation"), PARTITIONS);
    private final List<Flight> flights = Flights.sample();
    private final AtomicInteger units = new AtomicInteger();

    @BeforeEach
    void createTable() {
        database.owner().execute("create table unit (unit int not null)");
    }

    @ParameterizedTest(name = "{0}, set in the {1}")
    @CsvSource({"repeatable read,database", "serializable,database", "serializable,pool"})
    void unitsStayOutOfEachOthersWay(String level, String where) {
        if (where.equals("database")) {
            database.owner()
                    .execute("alter database " + database.name() + " set default_transaction_isolation = '" + level
                            + "'");
        }
        try (var producer = kafka.producer();
                Running one = start(level, where);
                Running two = start(level, where)) {
            Load load = Load.start(producer, topic, flights, 1, 8_000, true);
            // Seen by their status: a look with SQL would take part in the isolation.
            one.until("both at work", () -> busy(one) && busy(two));
            // From now on the planner knows how small the table is, as it would after a while.
            database.owner().execute("analyze tidemark.stored_offset");
            one.until("all read", () -> progress(one, two) == flights.size());
            load.join();
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(flights));
        long again = units.get() - database.number("select count(distinct unit) from unit");
        System.out.printf("%s in the %s: %d units, %d of them in vain%n", level, where, units.get(), again);
        assertThat(again).as("units that were rolled back, of %s", units).isLessThan(units.get() / 10);
    }

    private Running start(String level, String where) {
        HikariConfig config = new HikariConfig();
        try (HikariDataSource usual = database.pool(4)) {
            usual.copyStateTo(config);
        }
        if (where.equals("pool")) {
            config.setTransactionIsolation("TRANSACTION_" + level.toUpperCase(Locale.ROOT));
        }
        return Running.start(
                new HikariDataSource(config),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .workers(3)
                        .limits(UnitLimits.defaults().withMaxRecords(100))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            tx.execute("insert into unit values (?)", units.incrementAndGet());
                        }));
    }

    private static boolean busy(Running running) {
        return progress(running) > 0;
    }

    private static long progress(Running... all) {
        return Stream.of(all)
                .flatMap(running -> running.consumer().status().partitions().stream())
                .mapToLong(partition -> partition.storedOffset().orElse(0))
                .sum();
    }
}
