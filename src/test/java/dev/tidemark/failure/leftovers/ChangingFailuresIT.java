package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.failure.NamedPolicies;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Seeds;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A bad record need not fail in the same way each time, as when one of several checks, or of several nodes, reports it. */
class ChangingFailuresIT extends LeftoversCase {
    @BeforeEach
    void table() {
        database.owner().execute("create table written (n int)", "grant all on written to public");
    }

    private static RuntimeException way(int which) {
        return switch (which) {
            case 0 -> new IllegalStateException("no price");
            case 1 -> new IllegalArgumentException("no amount");
            case 2 -> new NullPointerException("no customer");
            case 3 -> new UnsupportedOperationException("no currency");
            default -> new ArithmeticException("no rate");
        };
    }

    @ParameterizedTest
    @CsvSource({
        "park, 2, false, 1",
        "park, 3, false, 1",
        "skip, 3, false, 4",
        "park, 4, false, 4",
        "park, 3, true, 1",
        "skip, 5, true, 4",
        "park, 2, true, 4"
    })
    void isGivenUp(String policy, int ways, boolean random, int most) {
        Random dice = Seeds.random("ChangingFailuresIT " + policy + ways + random);
        AtomicInteger tries = new AtomicInteger();
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), most, (record, tx) -> {
            tx.execute("insert into written values (?)", record.offset());
            if (record.offset() == 7) {
                int n = tries.getAndIncrement();
                synchronized (dice) {
                    throw way(random ? dice.nextInt(ways) : n % ways);
                }
            }
        })) {
            running.until("read", () -> read() == RECORDS);
        }
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(IntStream.range(0, RECORDS)
                        .filter(n -> n != 7)
                        .mapToObj(Integer::toString)
                        .toList());
    }
}
