package dev.tidemark.internal.queue;

import dev.tidemark.bench.kit.Flight;
import dev.tidemark.bench.kit.FlightDeserializer;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The decoding of a unit's records. In this package since workers alone decode; public since JMH asks for it. */
@State(Scope.Thread)
public class Decoding {
    private final List<ConsumerRecord<byte[], byte[]>> records =
            Polled.fromEach(1).get(0).records();
    private final RecordDecoder<byte[], Flight> flights =
            new RecordDecoder<>(ByteArrayDeserializer::new, FlightDeserializer::new, failure -> false);
    private final RecordDecoder<byte[], byte[]> bytes =
            new RecordDecoder<>(ByteArrayDeserializer::new, ByteArrayDeserializer::new, failure -> false);

    @Benchmark
    @OperationsPerInvocation(Polled.RECORDS)
    public List<ConsumerRecord<byte[], Flight>> flights() throws UndecodableException {
        return decode(flights);
    }

    /** What remains without a deserializer's work. */
    @Benchmark
    @OperationsPerInvocation(Polled.RECORDS)
    public List<ConsumerRecord<byte[], byte[]>> bytes() throws UndecodableException {
        return decode(bytes);
    }

    /** Into a list, as a worker does it. */
    private <V> List<ConsumerRecord<byte[], V>> decode(RecordDecoder<byte[], V> decoder) throws UndecodableException {
        List<ConsumerRecord<byte[], V>> decoded = new ArrayList<>(records.size());
        for (ConsumerRecord<byte[], byte[]> record : records) {
            decoded.add(decoder.decode(record));
        }
        return decoded;
    }
}
