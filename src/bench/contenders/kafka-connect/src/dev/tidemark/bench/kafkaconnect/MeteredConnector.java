package dev.tidemark.bench.kafkaconnect;

import io.debezium.connector.jdbc.JdbcSinkConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's, with tasks that are measured. */
public final class MeteredConnector extends JdbcSinkConnector {
    @Override
    public Class<? extends Task> taskClass() {
        return MeteredTask.class;
    }
}
