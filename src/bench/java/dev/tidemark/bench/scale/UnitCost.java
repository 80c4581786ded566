package dev.tidemark.bench.scale;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.transaction.UnitEnd;
import dev.tidemark.internal.store.transaction.UnitTransaction;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.Position;
import dev.tidemark.offsets.TopicBinding;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;

/**
 * What a unit costs that does nothing: begin, advance and commit, against the upsert and commit of a loop of one's own. All take
 * turns on the same server, and their commits do not wait for the disk.
 */
public final class UnitCost {
    private static final String TOPIC = "flights";
    private static final List<Integer> PARTITIONS = List.of(1, 2, 8);
    private static final int WARM_UP = 3_000;
    private static final int UNITS = 1_000;
    private static final int ROUNDS = 5;

    private UnitCost() {}

    /**
     * Microseconds, lower quartiles of all rounds.
     *
     * @param loop the upsert and commit of a loop
     * @param kept a unit with so many partitions on a server that keeps statements prepared
     * @param planned the same where it may not, as behind a pooler
     */
    public record Figures(double loop, Map<Integer, Double> kept, Map<Integer, Double> planned) {}

    private interface Step {
        void run() throws SQLException;
    }

    /** Measures all. */
    public static Figures run(Lab lab) throws SQLException {
        TestDatabase database = lab.postgres().createDatabase();
        database.migrate();
        database.owner()
                .execute(
                        "alter database " + database.name() + " set synchronous_commit = off",
                        "create table own_offset (topic text, partition int, next_offset bigint, primary key (topic, partition))",
                        "grant all on own_offset to public");
        List<Claim> claims = claims(database);
        Map<String, Step> steps = new LinkedHashMap<>();
        try (HikariDataSource kept = database.pool(PARTITIONS.size());
                HikariDataSource planned =
                        TestDatabase.pool(database.writer().jdbcUrl() + "&prepareThreshold=0", PARTITIONS.size());
                Connection own = database.connect();
                PreparedStatement upsert = own.prepareStatement("insert into own_offset values (?, ?, ?)"
                        + " on conflict (topic, partition) do update set next_offset = excluded.next_offset")) {
            own.setAutoCommit(false);
            long[] next = {0};
            steps.put("loop", () -> {
                upsert.setString(1, TOPIC);
                upsert.setInt(2, 0);
                upsert.setLong(3, next[0]++);
                upsert.executeUpdate();
                own.commit();
            });
            int from = 0;
            for (int partitions : PARTITIONS) {
                steps.put("kept " + partitions, unit(kept, claims.subList(from, from + partitions)));
                from += partitions;
                steps.put("planned " + partitions, unit(planned, claims.subList(from, from + partitions)));
                from += partitions;
            }
            Map<String, double[]> micros = new TreeMap<>();
            for (Step step : steps.values()) {
                measure(step, WARM_UP);
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (Map.Entry<String, Step> step : steps.entrySet()) {
                    micros.merge(step.getKey(), measure(step.getValue(), UNITS), UnitCost::both);
                }
                lab.say("unit cost, round %d of %d".formatted(round + 1, ROUNDS));
            }
            return new Figures(
                    quartile(micros.get("loop")),
                    PARTITIONS.stream().collect(Collectors.toMap(n -> n, n -> quartile(micros.get("kept " + n)))),
                    PARTITIONS.stream().collect(Collectors.toMap(n -> n, n -> quartile(micros.get("planned " + n)))));
        }
    }

    private static Step unit(HikariDataSource pool, List<Claim> claims) {
        // Its connection goes back with the pool.
        WorkerSession session =
                new WorkerSession(pool, "tidemark/scale", Duration.ofMinutes(5), Duration.ofSeconds(10));
        UnitTransaction transaction =
                new UnitTransaction(new Schema("tidemark"), "scale", "scale", session, Duration.ofSeconds(30));
        Claim[] current = claims.toArray(Claim[]::new);
        return () -> {
            Map<Claim, Position> moves = Arrays.stream(current)
                    .collect(Collectors.toMap(
                            claim -> claim,
                            claim -> Position.of(claim.position().nextOffset() + 1)));
            UnitOutcome outcome = transaction.run(List.of(current), tx -> new UnitEnd.Advance(moves));
            if (!(outcome instanceof UnitOutcome.Committed)) {
                throw new IllegalStateException("not committed: " + outcome);
            }
            Arrays.setAll(current, i -> current[i].at(moves.get(current[i])));
        };
    }

    private static double[] measure(Step step, int times) throws SQLException {
        double[] micros = new double[times];
        for (int i = 0; i < times; i++) {
            long begin = System.nanoTime();
            step.run();
            micros[i] = (System.nanoTime() - begin) / 1e3;
        }
        return micros;
    }

    private static double[] both(double[] a, double[] b) {
        double[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    private static double quartile(double[] micros) {
        double[] sorted = micros.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 4];
    }

    private static List<Claim> claims(TestDatabase database) throws SQLException {
        int all = 2 * PARTITIONS.stream().mapToInt(Integer::intValue).sum();
        Map<Integer, Long> starts = IntStream.range(0, all).boxed().collect(Collectors.toMap(p -> p, p -> 0L));
        OffsetStore store = OffsetStore.of("scale");
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            store.bind(c, new TopicBinding(TOPIC, "cluster", Optional.of("id"), starts, starts));
            List<Claim> claims = List.copyOf(store.claim(
                            c,
                            starts.keySet().stream()
                                    .map(p -> new TopicPartition(TOPIC, p))
                                    .toList())
                    .values());
            c.commit();
            return claims;
        }
    }
}
