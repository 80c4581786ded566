package dev.tidemark.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three tenants in one database, whose consumers own their tables and offsets, as they migrate by themselves; one of them has a record that fails, which is nobody else's business. */
@Tag("exhaustive")
class TenantsRecipeIT {
    private static final List<String> TENANTS = List.of("berlin", "lisbon", "oslo");
    private static final int EACH = 600;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.postgres().createDatabase();
    private final List<Flight> flights = Flights.sample();

    /** What a tenant's group is to read. */
    private List<Flight> flightsOf(String tenant) {
        int from = TENANTS.indexOf(tenant) * EACH;
        return flights.subList(from, from + EACH);
    }

    private Map<String, Airport> airports(String tenant) {
        Map<String, Airport> airports = new TreeMap<>();
        database.owner()
                .query("select code, departures, total_delay from " + tenant + ".airport")
                .forEach(row -> {
                    String[] columns = row.split("\\|");
                    airports.put(columns[0], new Airport(Long.parseLong(columns[1]), Long.parseLong(columns[2])));
                });
        return airports;
    }

    private long stored(String tenant) {
        return database.owner()
                .number("select coalesce(sum(next_offset), 0) from " + tenant + "_offsets.stored_offset"
                        + " where group_id = 'flights-" + tenant + "'");
    }

    private void reach(String tenant, long offset) {
        Awaitility.await(tenant).until(() -> stored(tenant) == offset);
    }

    @Test
    void tenantsShareADatabaseAndNothingElse() {
        Map<String, HikariDataSource> pools = new HashMap<>();
        Map<String, TidemarkConsumer> consumers = new HashMap<>();
        Map<String, CompletableFuture<Void>> runs = new HashMap<>();
        try (var producer = kafka.producer()) {
            for (String tenant : TENANTS) {
                Servers.produce(producer, kafka.createTopic("flights-" + tenant, 1), flightsOf(tenant));
                HikariDataSource pool = TenantsRecipe.pool(database.owner().jdbcUrl(), tenant);
                pools.put(tenant, pool);
                consumers.put(
                        tenant,
                        TenantsRecipe.consumer(
                                kafka.consumerConfig("unused", "consumer"),
                                pool,
                                tenant,
                                RecipesIT::flightDeserializer));
            }
            int bad = RecipesIT.firstOfAnotherAirport(flightsOf("lisbon"), EACH / 2);
            database.owner()
                    .execute("alter table lisbon.airport add constraint not_yet check (code <> '"
                            + flightsOf("lisbon").get(bad).origin() + "')");
            consumers.forEach((tenant, consumer) ->
                    runs.put(tenant, CompletableFuture.runAsync(consumer, Threads.named("test-" + tenant))));

            reach("berlin", EACH);
            reach("oslo", EACH);
            Awaitility.await("lisbon ends")
                    .until(() -> Objects.requireNonNull(runs.get("lisbon")).isDone());
            assertThat(runs.get("lisbon"))
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .withCauseInstanceOf(TidemarkException.class)
                    .withMessageContaining("TM-502");
            assertThat(stored("lisbon")).isEqualTo(bad);
            assertThat(airports("lisbon"))
                    .isEqualTo(Flights.truth(flightsOf("lisbon").subList(0, bad)));
        } finally {
            consumers.values().forEach(TidemarkConsumer::close);
            runs.values().forEach(TenantsRecipeIT::end);
            pools.values().forEach(HikariDataSource::close);
        }
        for (String tenant : List.of("berlin", "oslo")) {
            assertThat(airports(tenant)).as(tenant).isEqualTo(Flights.truth(flightsOf(tenant)));
        }
        // Each store knows its own group only, and is another store.
        for (String tenant : TENANTS) {
            assertThat(database.owner().query("select distinct group_id from " + tenant + "_offsets.stored_offset"))
                    .containsExactly("flights-" + tenant);
            assertThat(database.owner()
                            .query("select version from " + tenant + ".flyway_schema_history"
                                    + " where version is not null"))
                    .containsExactly("1");
        }
        assertThat(database.owner()
                        .query("select count(distinct store_id) from (select store_id from berlin_offsets.store_info"
                                + " union all select store_id from lisbon_offsets.store_info"
                                + " union all select store_id from oslo_offsets.store_info) s"))
                .containsExactly("3");
        assertThat(database.owner().query("select 1 from pg_tables where schemaname = 'public'"))
                .isEmpty();
    }

    private static void end(CompletableFuture<Void> run) {
        try {
            run.join();
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(TidemarkException.class);
        }
    }
}
