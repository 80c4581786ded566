package dev.tidemark.proof.chaos.soak;

import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.chaos.member.Member;
import dev.tidemark.testkit.postgres.DatabaseRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** Measures what a group and its store use. Used by one thread. */
final class Sampler {
    private static final String TABLES = "select coalesce(sum(pg_total_relation_size(c.oid)), 0) from pg_class c"
            + " join pg_namespace n on n.oid = c.relnamespace"
            + " where n.nspname = 'tidemark' and c.relkind = 'r' and c.relname <> 'audit_log'";

    private static final String ROWS = "select (select count(*) from tidemark.stored_offset)"
            + " + (select count(*) from tidemark.partition_state) + (select count(*) from tidemark.log_end)"
            + " + (select count(*) from tidemark.topic_binding) + (select count(*) from tidemark.dead_letter)"
            + " + (select count(*) from tidemark.consumer_pause)";

    private static final String CONNECTIONS =
            "select count(*) from pg_stat_activity where usename = '" + DatabaseRole.WRITER.login() + "'";

    private final World world;
    private long logBefore = -1;
    private int faultsBefore;

    Sampler(World world) {
        this.world = world;
    }

    /**
     * Measures now.
     *
     * @param faults how many there were so far
     */
    Sample sample(int faults) {
        Map<Series, Long> used = new EnumMap<>(Series.class);
        ofOldest(used);
        ofDatabase(used);
        ofLogs(used, faults);
        return new Sample(Instant.now(), used);
    }

    private void ofOldest(Map<Series, Long> used) {
        Member oldest = world.members().living().get(0);
        if (oldest.heap() > 0) {
            used.put(Series.HEAP, oldest.heap());
        }
        Path process = Path.of("/proc", Long.toString(oldest.pid()));
        status(process, "VmRSS").ifPresent(kilobytes -> used.put(Series.MEMORY, kilobytes << 10));
        status(process, "Threads").ifPresent(threads -> used.put(Series.THREADS, threads));
        try (Stream<Path> open = Files.list(process.resolve("fd"))) {
            used.put(Series.FILES, open.count());
        } catch (IOException e) {
            // It ends at this moment.
        }
    }

    private static OptionalLong status(Path process, String name) {
        try {
            return Files.readAllLines(process.resolve("status")).stream()
                    .filter(line -> line.startsWith(name + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private void ofDatabase(Map<Series, Long> used) {
        try (Connection c =
                        DriverManager.getConnection(world.database().superuser().jdbcUrl());
                Statement s = c.createStatement()) {
            used.put(Series.STORE, number(s, TABLES));
            used.put(Series.ROWS, number(s, ROWS));
            used.put(Series.CONNECTIONS, number(s, CONNECTIONS));
        } catch (SQLException e) {
            // The server is away, which is one of the faults.
        }
    }

    private static long number(Statement s, String sql) throws SQLException {
        try (ResultSet r = s.executeQuery(sql)) {
            r.next();
            return r.getLong(1);
        }
    }

    /** Each fault is written about; it is what is written about one that must not grow. */
    private void ofLogs(Map<Series, Long> used, int faults) {
        long bytes = 0;
        try (Stream<Path> files = Files.list(world.directory())) {
            for (Path file : files.filter(f -> f.getFileName().toString().startsWith("member-"))
                    .toList()) {
                bytes += Files.size(file);
            }
        } catch (IOException e) {
            return;
        }
        if (logBefore >= 0 && faults > faultsBefore) {
            used.put(Series.LOG, (bytes - logBefore) / (faults - faultsBefore));
        }
        if (logBefore < 0 || faults > faultsBefore) {
            logBefore = bytes;
            faultsBefore = faults;
        }
    }
}
