package dev.tidemark.recipes;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.testkit.Flights.Flight;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.flywaydb.core.Flyway;

/** A schema for each tenant's tables, another for the tenant's offsets, and a consumer for each. */
final class TenantsRecipe {
    private TenantsRecipe() {}

    // docs: tenant-pool
    /** Unqualified names mean the tenant's tables. */
    static HikariDataSource pool(String jdbcUrl, String tenant) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(jdbcUrl);
        config.setSchema(tenant);
        config.setMaximumPoolSize(2); // workers + 1
        return new HikariDataSource(config);
    }
    // docs: end

    static TidemarkConsumer consumer(
            Map<String, Object> kafka,
            HikariDataSource pool,
            String tenant,
            Supplier<Deserializer<Flight>> flightDeserializer) {
        // docs: tenant
        Flyway.configure() // the tenant's own tables, with their history in the tenant's schema
                .dataSource(pool)
                .schemas(tenant)
                .locations("classpath:recipes/tenant")
                .load()
                .migrate();
        String offsets = tenant + "_offsets"; // a separate schema, since Flyway needs an empty one to start with
        TidemarkSchema.migrate(pool, offsets);

        Map<String, Object> config = new HashMap<>(kafka);
        config.put("group.id", "flights-" + tenant);
        var flights = Tidemark.consumer(config)
                .topics("flights-" + tenant)
                .deserializers(StringDeserializer::new, flightDeserializer)
                .database(pool)
                .schema(offsets)
                .handle((record, tx) -> tx.execute(
                        "insert into airport as a (code, departures, total_delay) values (?, 1, ?) on conflict (code)"
                                + " do update set departures = a.departures + 1,"
                                + " total_delay = a.total_delay + excluded.total_delay",
                        record.value().origin(),
                        record.value().delay()));
        // docs: end
        return flights;
    }
}
