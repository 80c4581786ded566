package dev.tidemark.proof.chaos;

import dev.tidemark.proof.Proof;
import dev.tidemark.proof.chaos.CellResult.Mark;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.Finding.Status;
import dev.tidemark.proof.check.LeakCheck;
import dev.tidemark.proof.check.LeakCheck.Bounds;
import dev.tidemark.proof.check.TakeoverCheck;
import dev.tidemark.proof.read.Sessions;
import dev.tidemark.testkit.postgres.DatabaseRole;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Runs one cell: starts a group, injects its fault again and again, lets the group finish, and checks what it has written. */
final class CellRun {
    /** Sessions that are idle in a transaction, or wait for a lock, for much longer than any fault lasts. */
    private static final String STUCK = "select count(*) from pg_stat_activity where usename = '"
            + DatabaseRole.WRITER.login() + "' and datname = '%s' and (state like 'idle in transaction%%'"
            + " or wait_event_type = 'Lock') and state_change < clock_timestamp() - interval '1 minute'";

    private static final long STORE_BYTES = 4L << 20;
    private static final long HEAP_BYTES = 80L << 20;

    private final Cell cell;
    private final RunSettings settings;
    private final RunWatch watch;
    private final List<Duration> takeovers = new ArrayList<>();
    private final List<Duration> recoveries = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();
    private final List<Finding> troubles = new ArrayList<>();

    /** Injects the fault as often as the settings say. */
    CellRun(Cell cell, RunSettings settings) {
        this(cell, settings, RunWatch.counting(settings.injections()));
    }

    CellRun(Cell cell, RunSettings settings, RunWatch watch) {
        this.cell = cell;
        this.settings = settings;
        this.watch = watch;
    }

    CellResult run(ServerPair servers) throws SQLException, IOException {
        Random random = new Random(settings.seed(cell));
        try (World world = new World(cell, servers, settings, random)) {
            System.out.printf("%s: seed %d, logs in %s%n", cell.name(), settings.seed(), world.directory());
            world.start(settings.members());
            watch.started(world);
            int done = 0;
            while (watch.goesOn(done) && troubles.isEmpty() && world.troubles().isEmpty()) {
                awaitProgress(world, random);
                inject(world, ++done);
            }
            watch.ending();
            Map<Integer, Long> ends = finish(world);
            marks.addAll(world.marks());
            return check(world, ends, done);
        }
    }

    /** So that faults hit a group that works, each at another place. */
    private void awaitProgress(World world, Random random) {
        long enough = world.group().progress() + 20 + random.nextInt(settings.rate() * 2);
        await("progress before the next fault", () -> world.group().progress() >= enough);
    }

    private void inject(World world, int number) {
        Injection injection = cell.fault().inject(world);
        marks.add(new Mark(injection.begin().toEpochMilli(), injection.label()));
        Map<Integer, Instant> first = new HashMap<>();
        boolean recovered = await("recovery from " + injection.label(), () -> {
            cell.fault().whileWaiting(world);
            first.clear();
            first.putAll(world.group().firstAdvances(injection.since(), injection.gone()));
            return first.keySet().containsAll(injection.partitions());
        });
        if (recovered) {
            injection.partitions().forEach(partition -> {
                Duration took = Duration.between(injection.begin(), first.get(partition));
                (injection.isTakeover() ? takeovers : recoveries).add(took);
            });
        } else {
            System.out.println(cell.name() + ": stuck after " + injection + ", halted "
                    + world.group().halted());
        }
        System.out.printf(
                "%s: %d, %s, over after %.1f s%n",
                cell.name(),
                number,
                injection.label(),
                Duration.between(injection.begin(), Instant.now()).toMillis() / 1e3);
        cell.fault().afterRecovery(world);
        for (Member member : world.members().living()) {
            if (!member.isAlive()) {
                troubles.add(new Finding("C9", "members live", Status.VIOLATED, member.pid() + " ended by itself"));
            }
        }
        long stuck = world.observer().number(STUCK.formatted(world.database().name()));
        if (stuck > 0) {
            troubles.add(new Finding("C9", "sessions move", Status.VIOLATED, stuck + " sessions do not"));
        }
    }

    private Map<Integer, Long> finish(World world) {
        world.load().stop();
        cell.fault().atEnd(world);
        Map<Integer, Long> ends = world.record();
        await("the end of the log", () -> world.group().positions().equals(ends));
        String lag = "select count(*) from tidemark.consumer_lag where group_id = '" + world.topic() + "' and lag = 0";
        await("lag 0", () -> world.observer().number(lag) == ends.size());
        return ends;
    }

    /** Waits for what must happen; that it does not is a finding, and ends the injections. */
    private boolean await(String what, Callable<Boolean> condition) {
        try {
            Awaitility.await(what)
                    .atMost(settings.patience())
                    .pollInterval(Duration.ofMillis(200))
                    .until(condition);
            return true;
        } catch (ConditionTimeoutException e) {
            troubles.add(new Finding("C6", what, Status.VIOLATED, "did not come within " + settings.patience()));
            return false;
        }
    }

    private CellResult check(World world, Map<Integer, Long> ends, int done) throws SQLException, IOException {
        Map<String, Long> heaps = new HashMap<>();
        world.members().living().forEach(member -> heaps.put(Long.toString(member.pid()), member.heap()));
        List<Finding> findings = new ArrayList<>(troubles);
        findings.addAll(world.troubles());
        findings.addAll(watch.findings());
        long unclean = world.members().terminate();
        if (unclean > 0) {
            findings.add(new Finding("C9", "members end cleanly", Status.VIOLATED, unclean + " did not"));
        }
        // Where a connection was silent, the server has not heard yet that its client is gone.
        world.members().close();
        world.closePooler();
        try (Connection c = world.database().superuser().connect()) {
            Proof proof = Evidence.read(c, world, ends);
            findings.addAll(proof.findings());
            findings.add(TakeoverCheck.check(takeovers, settings.session().plus(settings.slack())));
            awaitEndOfSessions(c);
            String table = "tidemark.stored_offset";
            findings.add(LeakCheck.check(
                    Sessions.read(c, DatabaseRole.WRITER.login(), Duration.ZERO, List.of(table), heaps),
                    new Bounds(0, Map.of(table, STORE_BYTES), HEAP_BYTES)));
            return new CellResult(
                    cell.name(),
                    settings.seed(),
                    done,
                    world.truth().size(),
                    ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
                    List.copyOf(takeovers),
                    List.copyOf(recoveries),
                    findings,
                    proof.advances(),
                    List.copyOf(marks));
        }
    }

    /** The server takes a moment to notice that clients have ended. */
    private static void awaitEndOfSessions(Connection c) {
        try {
            Awaitility.await("the last session ends")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> Sessions.read(c, DatabaseRole.WRITER.login(), Duration.ZERO, List.of(), Map.of())
                                    .connections()
                            == 0);
        } catch (ConditionTimeoutException e) {
            // The checker says so.
        }
    }
}
