package dev.tidemark.bench.scale;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** All experiments at the sizes that they are reported with, about five minutes together; what they share is made once. */
public final class Experiments {
    /** In the order in which they run. */
    public static final List<String> NAMES = List.of(
            "claimed", "unit", "at-rest", "polling", "heap", "rebalance", "stored-offset", "stored-offset-million");

    private static final int CLAIMED = 10_000;
    // With 10,000 the test broker, which has a heap of 384 MB and sessions of 2 s, loses its own controller now and
    // then.
    private static final int CLAIMED_ON_BROKER = 2_000;
    private static final int TOPIC_PARTITIONS = 1_000;
    private static final Duration UNITS_TIME =
            Duration.ofSeconds(Integer.getInteger("tidemark.bench.units.seconds", 30));
    private static final long UNITS = Long.getLong("tidemark.bench.units", 1_000_000);

    private static final String MANY = "many-partitions";
    private static final String SINGLE = "one-partition";
    private static final int PARTITIONS = 2_000;
    private static final int EACH = 500;
    private static final long RECORDS = (long) PARTITIONS * EACH;
    private static final int RECORD_BYTES = 200;

    private static final int ROUNDS = Integer.getInteger("tidemark.bench.rounds", 1);

    private final Lab lab;
    private boolean backlog;

    public Experiments(Lab lab) {
        this.lab = lab;
    }

    /** Runs one and returns its figures, a record. */
    public Object run(String name) throws Exception {
        return switch (name) {
            case "claimed" -> {
                List<String> topics = IntStream.range(0, CLAIMED_ON_BROKER / TOPIC_PARTITIONS)
                        .mapToObj(i -> topic("claimed-" + i, TOPIC_PARTITIONS))
                        .toList();
                yield ManyPartitionsClaimed.run(lab, CLAIMED, topics, CLAIMED_ON_BROKER);
            }
            case "unit" -> UnitCost.run(lab);
            case "at-rest" -> AtRest.run(lab, topic("at-rest", AtRest.PARTITIONS));
            case "polling" -> {
                makeBacklog();
                Map<String, Object> figures = new TreeMap<>();
                for (String protocol : List.of("cooperative", "consumer")) {
                    figures.put(protocol, ManyPartitionsPolling.run(lab, MANY, PARTITIONS, RECORDS, SINGLE, protocol));
                }
                yield figures;
            }
            case "heap" -> {
                makeBacklog();
                Map<String, Object> figures = new TreeMap<>();
                for (String protocol : List.of("cooperative", "consumer")) {
                    figures.put(
                            protocol,
                            BoundedHeap.run(lab, MANY, PARTITIONS, RECORDS, RECORDS * RECORD_BYTES, protocol));
                }
                yield figures;
            }
            case "rebalance" -> RebalancePause.run(lab, ROUNDS);
            case "stored-offset-million" -> StoredOffsetCost.inServer(lab, UNITS);
            case "stored-offset" -> StoredOffsetCost.run(lab, UNITS, UNITS_TIME);
            default -> throw new IllegalArgumentException(name + ": choose from " + NAMES);
        };
    }

    private void makeBacklog() {
        if (!backlog) {
            backlog = true;
            topic(MANY, PARTITIONS);
            topic(SINGLE, 1);
            Backlog.produce(lab.kafka(), MANY, PARTITIONS, EACH, RECORD_BYTES);
            Backlog.produce(lab.kafka(), SINGLE, 1, EACH, RECORD_BYTES);
            lab.say("backlog of %,d records made".formatted(RECORDS));
        }
    }

    private String topic(String name, int partitions) {
        long begin = System.nanoTime();
        // Else each partition sets 20 MB of index files aside.
        lab.kafka().createTopic(name, partitions, Map.of("segment.index.bytes", "65536"));
        lab.say("topic %s with %,d partitions made in %.1f s"
                .formatted(name, partitions, (System.nanoTime() - begin) / 1e9));
        return name;
    }
}
