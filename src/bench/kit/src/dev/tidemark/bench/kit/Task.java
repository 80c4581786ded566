package dev.tidemark.bench.kit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a contender is told to do, as arguments of its process.
 *
 * @param bootstrapServers where the records are
 * @param jdbcUrl where they go; carries user and password
 * @param topic it holds just the records that are to be handled, unless they are sent meanwhile
 * @param group no other run's
 * @param workers how many threads and connections may be used
 * @param unitRecords at most so many records a transaction, where the contender has such a limit
 * @param records when so many took effect, it is over
 * @param warmUp so many of them come before the measurement
 * @param latency whether each record's way is measured, from the header {@link Meter#SENT} on
 */
public record Task(
        String bootstrapServers,
        String jdbcUrl,
        String topic,
        String group,
        Effect effect,
        String variant,
        int partitions,
        int workers,
        int unitRecords,
        long records,
        long warmUp,
        boolean latency) {

    /** As a process gets it. */
    public List<String> args() {
        return new ArrayList<>(List.of(
                bootstrapServers,
                jdbcUrl,
                topic,
                group,
                effect.name(),
                variant,
                Integer.toString(partitions),
                Integer.toString(workers),
                Integer.toString(unitRecords),
                Long.toString(records),
                Long.toString(warmUp),
                Boolean.toString(latency)));
    }

    /** As {@link #args} wrote it. */
    public static Task of(String[] args) {
        return new Task(
                args[0],
                args[1],
                args[2],
                args[3],
                Effect.valueOf(args[4]),
                args[5],
                Integer.parseInt(args[6]),
                Integer.parseInt(args[7]),
                Integer.parseInt(args[8]),
                Long.parseLong(args[9]),
                Long.parseLong(args[10]),
                Boolean.parseBoolean(args[11]));
    }

    /** Kafka's settings that all consumers share: the poll size that fills a unit, and the start of the log. */
    public Map<String, Object> consumer() {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrapServers);
        config.put("group.id", group);
        config.put("max.poll.records", Integer.toString(unitRecords));
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        return config;
    }
}
