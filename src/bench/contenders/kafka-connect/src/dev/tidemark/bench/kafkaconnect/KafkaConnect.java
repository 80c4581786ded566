package dev.tidemark.bench.kafkaconnect;

import dev.tidemark.bench.kit.Contender;
import dev.tidemark.bench.kit.Effect;
import dev.tidemark.bench.kit.Meter;
import dev.tidemark.bench.kit.Task;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TimeZone;
import org.apache.kafka.connect.cli.ConnectStandalone;
import org.apache.kafka.connect.converters.ByteArrayConverter;
import org.apache.kafka.connect.runtime.Connect;
import org.apache.kafka.connect.runtime.standalone.StandaloneHerder;
import org.postgresql.Driver;

/**
 * Kafka Connect, standalone, with Debezium's JDBC sink, which appends and can neither fold nor copy. At-least-once.
 *
 * <p>Tuned: batches as large as a unit rather than of 500, polls as large as a batch, so that each poll is one transaction; inserts from
 * arrays (unnest), which cost both sides less processor time than rewritten batches did; a connection for each task and one to spare.
 */
public final class KafkaConnect implements Contender {
    public static void main(String[] args) throws Exception {
        Contender.main(args, new KafkaConnect());
    }

    @Override
    public void run(Task task, Meter meter) throws Exception {
        if (task.effect() != Effect.MULTI_ROW) {
            throw new IllegalArgumentException(task.effect() + " is not what a sink connector does");
        }
        // java.sql.Timestamp, which the array is made of, prints itself in the local time zone.
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        MeteredTask.watch(task, meter);
        Path offsets = Files.createTempFile("connect", ".offsets");
        Connect<StandaloneHerder> connect = new ConnectStandalone().startConnect(worker(task, offsets));
        connect.herder().putConnectorConfig(task.group(), connector(task), false, (error, created) -> {
            if (error != null) {
                error.printStackTrace();
            }
        });
        meter.await(PATIENCE);
        connect.stop();
        Files.deleteIfExists(offsets);
    }

    private static Map<String, String> worker(Task task, Path offsets) {
        return Map.of(
                "bootstrap.servers", task.bootstrapServers(),
                "listeners", "http://127.0.0.1:0",
                "plugin.discovery", "service_load",
                "offset.storage.file.filename", offsets.toString(),
                "key.converter", ByteArrayConverter.class.getName(),
                "value.converter", FlightConverter.class.getName(),
                "header.converter", ByteArrayConverter.class.getName());
    }

    private static Map<String, String> connector(Task task) {
        Properties database = Driver.parseURL(task.jdbcUrl(), null);
        Map<String, String> config = new HashMap<>();
        config.put("name", task.group());
        config.put("connector.class", MeteredConnector.class.getName());
        config.put("tasks.max", Integer.toString(task.workers()));
        config.put("topics", task.topic());
        config.put("consumer.override.max.poll.records", Integer.toString(task.unitRecords()));
        config.put("batch.size", Integer.toString(task.unitRecords()));
        config.put("connection.url", task.jdbcUrl());
        config.put("connection.username", database.getProperty("user"));
        config.put("connection.password", database.getProperty("password", ""));
        config.put("connection.pool.min_size", "1");
        config.put("connection.pool.max_size", "2");
        config.put("connection.pool.acquire_increment", "1");
        config.put("insert.mode", "insert");
        config.put("primary.key.mode", "none");
        config.put("schema.evolution", "none");
        config.put("collection.name.format", "flight");
        config.put("dialect.postgres.unnest.insert.enabled", "true");
        return config;
    }
}
