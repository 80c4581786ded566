package dev.tidemark.proof.chaos;

import dev.tidemark.proof.chaos.member.MemberMain;
import dev.tidemark.testkit.kafka.KafkaClients;
import java.time.Duration;
import java.util.Map;

/**
 * How cells are run.
 *
 * @param injections how often the fault happens in each cell
 * @param members how many processes
 * @param partitions of the topic
 * @param accounts how many keys
 * @param rate records a second
 * @param session how soon a silent member is missed
 * @param slack how much longer a takeover may take
 * @param patience how long the group may take for what must happen; after that it counts as stuck
 * @param seed of all that is random, with the cell's name
 * @param main of the members
 * @param more settings of the members
 */
public record RunSettings(
        int injections,
        int members,
        int partitions,
        int accounts,
        int rate,
        Duration session,
        Duration slack,
        Duration patience,
        long seed,
        Class<?> main,
        Map<String, String> more) {
    /** By system properties: {@code injections}, {@code members}, {@code partitions}, {@code rate}, {@code slack}, {@code seed}. */
    static RunSettings given(int defaultInjections) {
        return new RunSettings(
                Integer.getInteger("injections", defaultInjections),
                Integer.getInteger("members", 3),
                Integer.getInteger("partitions", 6),
                120,
                Integer.getInteger("rate", 120),
                KafkaClients.QUICK_SESSION_TIMEOUT,
                Duration.parse(System.getProperty("slack", "PT5S")),
                Duration.parse(System.getProperty("patience", "PT4M")),
                Long.getLong("seed", System.nanoTime() % 1_000_000_007),
                MemberMain.class,
                Map.of());
    }

    /** The seed of a cell. */
    long seed(Cell cell) {
        return seed * 31 + cell.name().hashCode();
    }

    /** The same with members of another kind. */
    RunSettings with(Class<?> otherMain, Map<String, String> settings) {
        return new RunSettings(
                injections, members, partitions, accounts, rate, session, slack, patience, seed, otherMain, settings);
    }

    /** The same with less or more patience. */
    RunSettings patient(Duration other) {
        return new RunSettings(
                injections, members, partitions, accounts, rate, session, slack, other, seed, main, more);
    }
}
