package dev.tidemark.bench.scale;

import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/** How long a partition is stopped when a third consumer joins two, and when it leaves again, under a steady load. */
public final class RebalancePause {
    private static final int PARTITIONS = 8;
    private static final int PER_SECOND = 2_000;
    private static final Duration WINDOW = Duration.ofSeconds(5);

    // The gap that the window's start cuts counts whole, and who leaves has no effects in the window any more.
    private static final String GAPS = """
            with span as (select '{begin}'::timestamptz as begin, '{end}'::timestamptz as until),
                 steps as (
                     select partition, member, at, extract(epoch from at - lag(at) over w) * 1000 as gap
                       from effect, span where at > begin - interval '3 s' and at <= until
                     window w as (partition by partition order by record_offset))
            select partition,
                   (array_agg(member order by at desc) filter (where at <= begin))[1]
                     is distinct from (array_agg(member order by at desc))[1],
                   max(gap) filter (where at > begin)
              from steps, span group by partition
            """;

    private RebalancePause() {}

    /**
     * What was seen.
     *
     * @param perSecond records sent each second, over all partitions in turn
     * @param heartbeatMillis how often members hear of a rebalance here
     * @param protocols by eager, cooperative and consumer
     */
    public record Figures(
            int partitions, int perSecond, long heartbeatMillis, int rounds, Map<String, ProtocolFigures> protocols) {}

    /**
     * Medians of the largest gap between two effects of a partition, in milliseconds.
     *
     * @param quiet without a rebalance, in windows of the same length
     */
    public record ProtocolFigures(double quiet, Pauses join, Pauses leave) {}

    /**
     * The pauses of one kind of change, in milliseconds; not a number where no partition was of that sort.
     *
     * @param staying partitions whose owner stays the same
     * @param moving partitions that another member has afterwards
     */
    public record Pauses(double staying, double stayingWorst, double moving, double movingWorst) {
        static Pauses of(List<Gap> gaps) {
            List<Double> stay =
                    gaps.stream().filter(g -> !g.moved()).map(Gap::millis).toList();
            List<Double> move =
                    gaps.stream().filter(Gap::moved).map(Gap::millis).toList();
            return new Pauses(Numbers.median(stay), Numbers.most(stay), Numbers.median(move), Numbers.most(move));
        }
    }

    private record Gap(boolean moved, double millis) {}

    /** Runs it in about 15 s for each round and 15 s more. */
    public static Figures run(Lab lab, int rounds) {
        Map<String, ProtocolFigures> protocols = new HashMap<>();
        for (String protocol : List.of("eager", "cooperative", "consumer")) {
            ProtocolFigures figures = measure(lab, protocol, rounds);
            lab.say("rebalance, %s: %s".formatted(protocol, figures));
            protocols.put(protocol, figures);
        }
        return new Figures(PARTITIONS, PER_SECOND, 1_000, rounds, Map.copyOf(protocols));
    }

    private static ProtocolFigures measure(Lab lab, String protocol, int rounds) {
        KafkaServer kafka = lab.kafka();
        TestDatabase database = ManyPartitionsClaimed.migrated(lab);
        database.owner()
                .execute(
                        "create table effect (partition int not null, record_offset bigint not null,"
                                + " member text not null, at timestamptz not null default clock_timestamp())",
                        "create index on effect (at)");
        String topic = kafka.createTopic("rebalance-" + protocol, PARTITIONS);
        List<Gap> quiet = new ArrayList<>();
        List<Gap> joins = new ArrayList<>();
        List<Gap> leaves = new ArrayList<>();
        try (SteadyLoad load = SteadyLoad.start(kafka, topic, PARTITIONS, PER_SECOND);
                Running first = start(kafka, database, topic, protocol, "first");
                Running second = start(kafka, database, topic, protocol, "second")) {
            Waits.until("both at work", Duration.ofMillis(100), () -> owners(database) == 2);
            quiet.addAll(during(database, () -> {}));
            for (int i = 0; i < rounds; i++) {
                Running[] third = new Running[1];
                joins.addAll(during(database, () -> third[0] = start(kafka, database, topic, protocol, "third")));
                try (Running leaving = third[0]) {
                    Waits.until("all three at work", Duration.ofMillis(100), () -> owners(database) == 3);
                    leaves.addAll(during(database, leaving::close));
                }
                Waits.until("two at work", Duration.ofMillis(100), () -> owners(database) == 2);
            }
            load.check();
        }
        return new ProtocolFigures(
                Numbers.median(quiet.stream().map(Gap::millis).toList()), Pauses.of(joins), Pauses.of(leaves));
    }

    private static Running start(
            KafkaServer kafka, TestDatabase database, String topic, String protocol, String member) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, protocol),
                builder -> builder.topics(topic).handleBatch((records, tx) -> write(records, tx, member)));
    }

    private static void write(List<ConsumerRecord<String, String>> records, Handle tx, String member) {
        tx.execute(
                "insert into effect (partition, record_offset, member)"
                        + " select p, o, ? from unnest(?::int[], ?::bigint[]) as r(p, o)",
                member,
                records.stream().map(ConsumerRecord::partition).toArray(Integer[]::new),
                records.stream().map(ConsumerRecord::offset).toArray(Long[]::new));
    }

    /** Members with effects in the last second. */
    private static long owners(TestDatabase database) {
        return database.number(
                "select count(distinct member) from effect where at > clock_timestamp() - interval '1 second'");
    }

    private static List<Gap> during(TestDatabase database, Runnable change) {
        String begin = now(database);
        long until = System.nanoTime() + WINDOW.toNanos();
        change.run();
        Waits.until("the window's end", () -> System.nanoTime() - until > 0);
        String end = now(database);
        List<Gap> gaps = new ArrayList<>();
        for (String row : database.query(GAPS.replace("{begin}", begin).replace("{end}", end))) {
            String[] columns = row.split("\\|");
            gaps.add(new Gap(columns[1].equals("t"), Double.parseDouble(columns[2])));
        }
        if (gaps.size() < PARTITIONS) {
            throw new IllegalStateException("only " + gaps.size() + " partitions moved at all");
        }
        return gaps;
    }

    private static String now(TestDatabase database) {
        return database.query("select clock_timestamp()").get(0);
    }
}
