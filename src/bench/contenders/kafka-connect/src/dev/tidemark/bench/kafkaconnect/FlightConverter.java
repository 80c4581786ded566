package dev.tidemark.bench.kafkaconnect;

import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.storage.Converter;

/** The same JSON, decoded as by everybody, with the schema that Connect wants; its fields are the table's columns. */
public final class FlightConverter implements Converter {
    private static final Schema SCHEMA = SchemaBuilder.struct()
            .field("flown", Timestamp.SCHEMA)
            .field("delay", Schema.INT32_SCHEMA)
            .field("distance", Schema.INT32_SCHEMA)
            .field("origin", Schema.STRING_SCHEMA)
            .field("destination", Schema.STRING_SCHEMA)
            .build();

    private static final long SECONDS_TO_2000 = 946_684_800;

    private final FlightDeserializer deserializer = new FlightDeserializer();

    @Override
    public void configure(Map<String, ?> config, boolean isKey) {
        // Nothing to choose.
    }

    @Override
    public SchemaAndValue toConnectData(String topic, byte[] value) {
        Flight flight = deserializer.deserialize(topic, value);
        long millis =
                TimeUnit.SECONDS.toMillis(SECONDS_TO_2000) + TimeUnit.MICROSECONDS.toMillis(flight.postgresMicros());
        Struct struct = new Struct(SCHEMA)
                // Of all dates the one that prints itself as PostgreSQL reads it fastest.
                .put("flown", new java.sql.Timestamp(millis))
                .put("delay", flight.delay())
                .put("distance", flight.distance())
                .put("origin", flight.origin())
                .put("destination", flight.destination());
        return new SchemaAndValue(SCHEMA, struct);
    }

    @Override
    public byte[] fromConnectData(String topic, Schema schema, Object value) {
        throw new UnsupportedOperationException("only for sinks");
    }
}
