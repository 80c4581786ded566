package dev.tidemark.bench.kafkaconnect;

import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import io.debezium.connector.jdbc.JdbcSinkConnectorTask;
import java.nio.ByteBuffer;
import java.util.Collection;
import org.apache.kafka.connect.sink.SinkRecord;

/** Debezium's, measured: what it was given is committed when it returns without having noted an error. */
public final class MeteredTask extends JdbcSinkConnectorTask {
    private static volatile Task task;
    private static volatile Meter meter;

    /** Connect makes its tasks itself, so this is how they come to know. */
    static void watch(Task theTask, Meter theMeter) {
        task = theTask;
        meter = theMeter;
    }

    @Override
    public void put(Collection<SinkRecord> records) {
        super.put(records);
        if (records.isEmpty() || getLastProcessingException() != null) {
            return;
        }
        meter.committed(records.size());
        if (task.latency()) {
            for (SinkRecord record : records) {
                byte[] sent = (byte[]) record.headers().lastWithName(Meter.SENT).value();
                meter.arrived(ByteBuffer.wrap(sent).getLong());
            }
        }
    }
}
