package dev.tidemark.recipes;

import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.testkit.Flights.Flight;
import javax.sql.DataSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;

/** Spring's own transactions around what a poll hands out; {@link SpringLoop} polls. */
final class SpringRecipe {
    private SpringRecipe() {}

    /** What an application has anyway. */
    @Configuration(proxyBeanMethods = false)
    @EnableTransactionManagement
    static class Setup {
        @Bean
        PlatformTransactionManager transactions(DataSource dataSource) {
            return new JdbcTransactionManager(dataSource);
        }
    }

    // docs: spring
    @Transactional(rollbackFor = Exception.class) // Spring would commit after a checked exception, such as SQLException
    static class FlightService {
        private final DataSource dataSource;
        private final JdbcTemplate jdbc;

        FlightService(DataSource dataSource) {
            this.dataSource = dataSource;
            this.jdbc = new JdbcTemplate(dataSource);
        }

        /** The effects of these records and the positions after them: both or neither. */
        public void apply(ClaimedRecords<String, Flight> batch) throws Exception {
            for (var record : batch) {
                jdbc.update(
                        "insert into airport as a (code, departures, total_delay) values (?, 1, ?)"
                                + " on conflict (code) do update set departures = a.departures + 1,"
                                + " total_delay = a.total_delay + excluded.total_delay",
                        record.value().origin(),
                        record.value().delay());
            }
            // The last statement before the commit, on the transaction's own connection.
            batch.advance(DataSourceUtils.getConnection(dataSource));
        }
    }
    // docs: end
}
