package dev.tidemark.demo;

import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** The acts in their order: both groups start, flights flow, processes are killed, and the databases' counts are judged. */
final class Show {
    private static final int PROCESSES = 3;
    private static final int KILLS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** A log's end is in SQL at the latest with the owner's next sample, which it takes every few seconds. */
    private static final Duration NEXT_SAMPLE = Duration.ofSeconds(15);

    private static final String FROM_LAG = "from tidemark.consumer_lag where group_id = '" + Group.TIDEMARK.id() + "'";

    private final List<Flight> flights;
    private final Stage stage;
    private final Fleet tidemark;
    private final Fleet textbook;
    private final Screen screen;
    private final Lags lags;

    Show(List<Flight> flights, Stage stage, Fleet tidemark, Fleet textbook, Screen screen) {
        this.flights = flights;
        this.stage = stage;
        this.tidemark = tidemark;
        this.textbook = textbook;
        this.screen = screen;
        this.lags = new Lags(stage);
    }

    /** Returns whether Tidemark's numbers are exact. */
    boolean play() {
        start();
        flow();
        showOffsets();
        return judge();
    }

    private void start() {
        for (int i = 0; i < PROCESSES; i++) {
            tidemark.start();
            textbook.start();
        }
        boolean shared = within(
                PATIENCE, () -> lags.isShared(Group.TIDEMARK, PROCESSES) && lags.isShared(Group.TEXTBOOK, PROCESSES));
        screen.line("  %-18s offset and effect in one transaction", PROCESSES + " x Tidemark");
        screen.line("  %-18s poll, write each record, commitSync", PROCESSES + " x textbook loop");
        if (!shared) {
            screen.line("  not all of them had partitions after %d s", PATIENCE.toSeconds());
        }
    }

    private void flow() {
        Loader loader = new Loader(stage.kafka());
        try (Progress progress = new Progress(stage, lags, screen, loader::sent)) {
            progress.begin();
            loader.send(flights, sent -> killInTime(sent, progress));
            progress.event("the last flight is sent");
            within(PATIENCE, () -> isThrough(lags.tidemark()) && isThrough(lags.textbook()));
        }
    }

    /** At a third of the flights the first process of each group, at two thirds the second. */
    private void killInTime(long sent, Progress progress) {
        int victim = tidemark.killed() + 1;
        if (victim <= KILLS && sent * (KILLS + 1) >= (long) flights.size() * victim) {
            progress.event("kill -9 " + tidemark.kill(victim) + " and " + textbook.kill(victim));
            progress.event("started " + tidemark.start() + " and " + textbook.start());
        }
    }

    private void showOffsets() {
        TestDatabase database = stage.database();
        within(
                NEXT_SAMPLE,
                () -> database.number("select count(*) " + FROM_LAG + " and log_end_offset = stored_offset")
                        == Stage.PARTITIONS);
        screen.line("");
        SqlTable.print(
                database,
                "select topic, partition, stored_offset, log_end_offset, lag, owner\n" + FROM_LAG
                        + "\norder by topic, partition",
                screen);
    }

    private boolean judge() {
        Map<String, Airport> truth = Flights.truth(flights);
        long read = lags.logged();
        Verdict ours = Verdict.of(read, truth, AirportTable.TIDEMARK.read(stage.database()));
        Verdict theirs = Verdict.of(read, truth, AirportTable.TEXTBOOK.read(stage.database()));
        screen.line("");
        tellIfNotThrough(Group.TIDEMARK, lags.tidemark(), tidemark);
        tellIfNotThrough(Group.TEXTBOOK, lags.textbook(), textbook);
        screen.line(
                "sum of delays is wrong at %d of %d airports in the textbook loop's table, at %d in Tidemark's",
                theirs.wrongDelays(), theirs.airports(), ours.wrongDelays());
        screen.line("textbook %s", theirs.line("loop"));
        screen.line("%s", ours.line("verdict"));
        return ours.isExact(flights.size());
    }

    private void tellIfNotThrough(Group group, List<Long> behind, Fleet fleet) {
        if (!isThrough(behind)) {
            screen.line(
                    "%s did not get through within %d s: %d records to go, %d of %d processes alive",
                    group.processName(),
                    PATIENCE.toSeconds(),
                    behind.stream().mapToLong(Long::longValue).sum(),
                    fleet.alive(),
                    PROCESSES);
        }
    }

    private static boolean isThrough(List<Long> behind) {
        return behind.stream().allMatch(lag -> lag == 0);
    }

    private static boolean within(Duration time, BooleanSupplier condition) {
        try {
            Awaitility.await().atMost(time).until(condition::getAsBoolean);
            return true;
        } catch (ConditionTimeoutException e) {
            return false;
        }
    }
}
