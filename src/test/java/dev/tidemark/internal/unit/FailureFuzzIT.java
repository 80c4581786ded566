package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random handlers against random policies, on a real database: every record is applied once and in order, or given up because it fails
 * by itself, or still to be read, and then its partition says why. {@code -Dtidemark.test.fuzz=100000} runs as many cases, and {@code
 * -Dtidemark.test.case=N} one of them.
 */
@Order(1) // its tests take longest
@Tag("database")
@Tag("exhaustive")
class FailureFuzzIT {
    private static final int CASES = Integer.getInteger("tidemark.test.fuzz", 120);
    private static final int ONLY = Integer.getInteger("tidemark.test.case", -1);

    /** Most of the time is spent in waits. */
    private static final int AT_ONCE = Integer.getInteger("tidemark.test.fuzz.threads", 8);

    /** A pool opens one connection at a time, and many of these cases end theirs. */
    private static final int THREADS_OF_A_POOL = 8;

    @Test
    void noHealthyRecordIsEverGivenUp() throws Exception {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        database.owner()
                .execute(
                        "create table fuzzed (seq bigserial, group_id text, partition int, n bigint, by text)",
                        "create index on fuzzed (group_id)");
        long seed = Seeds.random("FailureFuzzIT").nextLong();
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        List<HikariDataSource> pools = new ArrayList<>();
        try {
            for (int i = 0; i < Math.max(1, AT_ONCE / THREADS_OF_A_POOL); i++) {
                // A busy machine is no outage.
                pools.add(database.writer().pool(2 * THREADS_OF_A_POOL));
            }
            List<Future<FailureFuzzCase.Tally>> running = new ArrayList<>();
            for (int i = ONLY < 0 ? 0 : ONLY; i < (ONLY < 0 ? CASES : ONLY + 1); i++) {
                Random random = new Random(seed + i * 7_919L);
                String name = "case " + i + " of seed " + seed;
                String group = "fuzz-" + i;
                HikariDataSource pool = pools.get(i % pools.size());
                running.add(threads.submit(() -> new FailureFuzzCase(name, group, random, pool).run()));
            }
            FailureFuzzCase.Tally sum = new FailureFuzzCase.Tally(0, 0, 0, 0);
            for (Future<FailureFuzzCase.Tally> one : running) {
                sum = sum.plus(one.get());
            }
            System.out.println("FailureFuzzIT: " + running.size() + " cases, " + sum);
            if (ONLY < 0) {
                assertThat(sum.applied()).isPositive();
                assertThat(sum.givenUp()).isPositive();
                assertThat(sum.halted()).isPositive();
            }
        } finally {
            threads.shutdownNow();
            pools.forEach(HikariDataSource::close);
        }
    }
}
