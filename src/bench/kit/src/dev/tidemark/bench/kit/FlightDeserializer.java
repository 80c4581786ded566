package dev.tidemark.bench.kit;

import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/** JSON by Jackson's data binding, as most people do it. The same for all contenders. */
public final class FlightDeserializer implements Deserializer<Flight> {
    private static final ObjectReader READER = new JsonMapper().readerFor(Flight.class);

    @Override
    public Flight deserialize(String topic, byte[] data) {
        try {
            return READER.readValue(data);
        } catch (IOException e) {
            throw new SerializationException(e);
        }
    }
}
