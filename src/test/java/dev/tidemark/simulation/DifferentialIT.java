package dev.tidemark.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.tidemark.testkit.Servers;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.LoggerFactory;

/**
 * Runs of the simulation that a real server follows, statement by statement: what the model of the database says must be what PostgreSQL
 * says. {@code -Ddifferential.seeds=2000} follows as many, and {@code -Dseed=N} one of them.
 */
@Tag("database")
@Isolated("it silences the log of the whole process")
class DifferentialIT {
    private static final long SEEDS = Long.getLong("differential.seeds", 30);
    private static final @Nullable Long ONLY = Long.getLong("seed");

    @Test
    void theModelRepliesAsTheServerDoes() throws Exception {
        Logger log = (Logger) LoggerFactory.getLogger("dev.tidemark");
        Level before = log.getLevel();
        log.setLevel(Level.OFF);
        try (RealServer server = new RealServer(Servers.postgres().createStore())) {
            for (long seed = ONLY == null ? 1 : ONLY; seed <= (ONLY == null ? SEEDS : ONLY); seed++) {
                World.Outcome outcome = World.run(Plan.of(seed).comparable(), Set.of(), ONLY != null, server);
                System.out.print(ONLY == null ? "" : outcome.trace());
                assertThat(outcome.broken()).as("seed " + seed).isNull();
            }
            System.out.println("DifferentialIT: " + server.summary());
            assertThat(server.statements()).isPositive();
        } finally {
            log.setLevel(before);
        }
    }
}
