package dev.tidemark.recipes;

import dev.tidemark.Claim;
import dev.tidemark.OffsetStore;
import dev.tidemark.Position;
import dev.tidemark.TopicBinding;
import dev.tidemark.testkit.Flights.Flight;
import java.sql.Connection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;

/** Spring's own transactions around an {@link OffsetStore}; {@link SpringLoop} polls. */
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
        private final OffsetStore offsets;

        FlightService(DataSource dataSource, OffsetStore offsets) {
            this.dataSource = dataSource;
            this.jdbc = new JdbcTemplate(dataSource);
            this.offsets = offsets;
        }

        /** The effects of these records and the positions behind them: both or neither. */
        public Map<TopicPartition, Claim> apply(
                List<ConsumerRecord<String, Flight>> records, Map<Claim, Position> moves) throws Exception {
            for (var record : records) {
                jdbc.update(
                        "insert into airport as a (code, departures, total_delay) values (?, 1, ?)"
                                + " on conflict (code) do update set departures = a.departures + 1,"
                                + " total_delay = a.total_delay + excluded.total_delay",
                        record.value().origin(),
                        record.value().delay());
            }
            return offsets.advance(transaction(), moves); // the last statement before the commit
        }

        public Map<TopicPartition, Claim> claim(TopicBinding binding, Collection<TopicPartition> partitions)
                throws Exception {
            offsets.bind(transaction(), binding);
            return offsets.claim(transaction(), partitions);
        }

        public void release(Collection<Claim> claims) throws Exception {
            offsets.release(transaction(), claims);
        }

        private Connection transaction() {
            return DataSourceUtils.getConnection(dataSource); // that of the transaction, which also gives it back
        }
    }
    // docs: end
}
