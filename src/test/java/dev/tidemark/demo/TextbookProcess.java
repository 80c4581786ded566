package dev.tidemark.demo;

import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** One process of the loop that most people write: poll, write each record, then commit the offsets to Kafka. */
final class TextbookProcess {
    private TextbookProcess() {}

    public static void main(String[] args) throws SQLException {
        Map<String, Object> config = new HashMap<>(Group.TEXTBOOK.consumerConfig(args));
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        try (KafkaConsumer<String, String> consumer =
                        new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
                Connection database = DriverManager.getConnection(Group.jdbcUrl(args));
                PreparedStatement upsert = database.prepareStatement(AirportTable.TEXTBOOK.upsert())) {
            consumer.subscribe(List.of(Stage.TOPIC));
            while (true) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
                    Flight flight = Flights.parse(record.value());
                    upsert.setString(1, flight.origin());
                    upsert.setInt(2, flight.delay());
                    upsert.executeUpdate();
                }
                consumer.commitSync();
            }
        }
    }
}
