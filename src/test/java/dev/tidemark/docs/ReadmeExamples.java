package dev.tidemark.docs;

import dev.tidemark.FailurePolicy;
import dev.tidemark.StartPosition;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkSchema;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** The code that README.md shows, so that it compiles. */
final class ReadmeExamples {
    private ReadmeExamples() {}

    record Flight(String origin) {}

    static final class FlightDeserializer implements Deserializer<Flight> {
        @Override
        public Flight deserialize(String topic, byte[] data) {
            return new Flight(new String(data, StandardCharsets.UTF_8));
        }

        @Override
        public Flight deserialize(String topic, Headers headers, byte[] data) {
            return deserialize(topic, data);
        }
    }

    static void embed(Map<String, Object> kafkaConfig, DataSource dataSource) {
        // docs: embed
        TidemarkSchema.migrate(dataSource); // once, or with your own Flyway

        try (var flights = Tidemark.consumer(kafkaConfig) // bootstrap.servers, group.id, security
                .topics("flights")
                .deserializers(StringDeserializer::new, FlightDeserializer::new)
                .database(dataSource)
                .startAt(StartPosition.earliest())
                .onFailure(FailurePolicy.retry(3, Duration.ofSeconds(1)).thenPark())
                .handle((record, tx) -> tx.execute(
                        "insert into airport as a (code, departures) values (?, 1)"
                                + " on conflict (code) do update set departures = a.departures + 1",
                        record.value().origin()))) {
            flights.run();
        }
        // docs: end
    }
}
