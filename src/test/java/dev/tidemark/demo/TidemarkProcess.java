package dev.tidemark.demo;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import org.apache.kafka.common.serialization.StringDeserializer;

/** One process of the Tidemark group: each flight is folded in the transaction that moves the offset. */
final class TidemarkProcess {
    private TidemarkProcess() {}

    public static void main(String[] args) {
        String upsert = AirportTable.TIDEMARK.upsert();
        try (HikariDataSource pool = TestDatabase.pool(Group.jdbcUrl(args), 2);
                TidemarkConsumer consumer = Tidemark.consumer(Group.TIDEMARK.consumerConfig(args))
                        .topics(Stage.TOPIC)
                        .deserializers(StringDeserializer::new, StringDeserializer::new)
                        .database(pool)
                        .transactionIdleTimeout(KafkaServer.QUICK_SESSION_TIMEOUT)
                        .handle((record, tx) -> {
                            Flight flight = Flights.parse(record.value());
                            tx.execute(upsert, flight.origin(), flight.delay());
                        })) {
            consumer.run();
        }
    }
}
