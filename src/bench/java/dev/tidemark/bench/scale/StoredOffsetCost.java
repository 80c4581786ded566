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
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;

/**
 * A great many units of one record, to see whether {@code stored_offset} stays small. Its commits do not wait for the disk, as a
 * million that do would measure nothing but the disk.
 */
public final class StoredOffsetCost {
    private static final int PARTITIONS = 100;
    private static final int WORKERS = 1;
    private static final String TOPIC = "flights";

    private StoredOffsetCost() {}

    /**
     * What was seen; target: all heap-only, below 1 MB.
     *
     * @param synchronousCommit the setting that this ran with
     * @param mostBytes the largest size of {@code stored_offset} with its index at any look
     */
    public record Figures(
            long units,
            int partitions,
            int workers,
            String synchronousCommit,
            double unitsPerSecond,
            long mostBytes,
            DatabaseCost cost) {}

    /** Runs until so many units are done, or the time is over. */
    public static Figures run(Lab lab, long units, Duration atMost) throws SQLException {
        TestDatabase database = lab.postgres().createDatabase();
        database.migrate();
        database.owner().execute("alter database " + database.name() + " set synchronous_commit = off");
        List<Claim> claims = claims(database);
        DatabaseCost.Snapshot before = DatabaseCost.snapshot(database);
        AtomicLong done = new AtomicLong();
        long begin = System.nanoTime();
        long mostBytes = 0;
        try (HikariDataSource pool = database.pool(WORKERS + 1)) {
            List<CompletableFuture<Void>> workers = IntStream.range(0, WORKERS)
                    .mapToObj(w -> CompletableFuture.runAsync(
                            () -> advance(pool, every(claims, w), units / WORKERS, begin + atMost.toNanos(), done),
                            task -> new Thread(task, "units-" + w).start()))
                    .toList();
            CompletableFuture<Void> all = CompletableFuture.allOf(workers.toArray(CompletableFuture[]::new));
            long said = 0;
            while (!Waits.isDone(all, Duration.ofMillis(200))) {
                mostBytes =
                        Math.max(mostBytes, database.number("select pg_total_relation_size('tidemark.stored_offset')"));
                if (done.get() - said >= units / 5) {
                    said = done.get();
                    lab.say("stored offset: %,d of %,d units, most bytes %,d".formatted(said, units, mostBytes));
                }
            }
            all.join();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        DatabaseCost cost = before.until(DatabaseCost.snapshot(database), done.get());
        return new Figures(
                done.get(),
                PARTITIONS,
                WORKERS,
                "off",
                done.get() / seconds,
                Math.max(mostBytes, cost.storedOffsetBytes()),
                cost);
    }

    /**
     * The update that an advance makes, each in a transaction of its own, but in a loop inside the server: a million of them would
     * take a consumer a quarter of an hour.
     */
    public static DatabaseCost inServer(Lab lab, long units) throws SQLException {
        TestDatabase database = lab.postgres().createDatabase();
        database.migrate();
        database.owner().execute("alter database " + database.name() + " set synchronous_commit = off");
        List<Claim> claims = claims(database);
        DatabaseCost.Snapshot before = DatabaseCost.snapshot(database);
        database.owner().execute("""
                do $$ begin
                    for i in 1..%d loop
                        update tidemark.stored_offset o
                           set next_offset = o.next_offset + 1, leader_epoch = 0, progress_epoch = o.owner_epoch,
                               updated_at = case when set_config('tidemark.advance',
                                   concat_ws(' ', o.owner_token, o.next_offset, o.next_offset + 1), true) <> ''
                                   then clock_timestamp() end
                         where o.group_id = 'scale' and o.topic = '%s' and o.partition = i %% %d
                           and o.owner_token is not null and pg_current_xact_id() is not null;
                        commit;
                    end loop;
                end $$
                """.formatted(units, TOPIC, claims.size()));
        return before.until(DatabaseCost.snapshot(database), units);
    }

    private static List<Claim> claims(TestDatabase database) throws SQLException {
        Map<Integer, Long> starts = new TreeMap<>();
        IntStream.range(0, PARTITIONS).forEach(p -> starts.put(p, 0L));
        List<TopicPartition> partitions =
                starts.keySet().stream().map(p -> new TopicPartition(TOPIC, p)).toList();
        OffsetStore store = OffsetStore.of("scale");
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            store.bind(c, new TopicBinding(TOPIC, "cluster", Optional.of("id"), starts, starts));
            List<Claim> claims = List.copyOf(store.claim(c, partitions).values());
            c.commit();
            return claims;
        }
    }

    private static List<Claim> every(List<Claim> claims, int worker) {
        return IntStream.range(0, claims.size())
                .filter(i -> i % WORKERS == worker)
                .mapToObj(claims::get)
                .toList();
    }

    private static void advance(HikariDataSource pool, List<Claim> claims, long units, long end, AtomicLong done) {
        List<Claim> current = new ArrayList<>(claims);
        try (WorkerSession session =
                new WorkerSession(pool, "tidemark/scale", Duration.ofMinutes(5), Duration.ofSeconds(10))) {
            UnitTransaction transaction =
                    new UnitTransaction(new Schema("tidemark"), "scale", "scale", session, Duration.ofSeconds(30));
            for (long i = 0; i < units && System.nanoTime() - end < 0; i++) {
                int place = (int) (i % current.size());
                Claim claim = current.get(place);
                Position next = Position.of(claim.position().nextOffset() + 1);
                UnitOutcome outcome = transaction.run(List.of(claim), tx -> new UnitEnd.Advance(Map.of(claim, next)));
                if (!(outcome instanceof UnitOutcome.Committed)) {
                    throw new IllegalStateException("not committed: " + outcome);
                }
                current.set(place, claim.at(next));
                done.incrementAndGet();
            }
        }
    }
}
