package dev.tidemark.proof;

import dev.tidemark.proof.check.Advance;
import dev.tidemark.proof.check.ChainCheck;
import dev.tidemark.proof.check.Entry;
import dev.tidemark.proof.check.Facts;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.LeakCheck;
import dev.tidemark.proof.check.LeakCheck.Bounds;
import dev.tidemark.proof.check.LogTruth;
import dev.tidemark.proof.check.Stretch;
import dev.tidemark.proof.check.SumsCheck.Total;
import dev.tidemark.proof.check.TakeoverCheck;
import dev.tidemark.proof.check.ToldCheck.Told;
import dev.tidemark.proof.read.Columns;
import dev.tidemark.proof.read.EffectsTable;
import dev.tidemark.proof.read.LogReader;
import dev.tidemark.proof.read.OffsetStore;
import dev.tidemark.proof.read.RecordParser;
import dev.tidemark.proof.read.Sessions;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** Reads what the options name, and checks it. */
final class ProofRun {
    private final Arguments arguments;

    ProofRun(Arguments arguments) {
        this.arguments = arguments;
    }

    List<Finding> findings(Connection c) throws SQLException, IOException {
        String topic = arguments.required(Option.TOPIC);
        Columns columns = columns();
        String value = arguments.optional(Option.VALUE);
        RecordParser parser = new RecordParser(columns, value == null ? null : Pattern.compile(value));
        OffsetStore store = new OffsetStore(arguments.required(Option.SCHEMA), arguments.required(Option.GROUP), topic);
        LogTruth log = new LogTruth();
        // One snapshot, and the log after it: a consumer that runs meanwhile cannot be ahead of what is compared.
        c.setAutoCommit(false);
        c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        int incarnation = store.incarnation(c);
        Map<Integer, Long> positions = store.positions(c);
        List<Advance> advances = store.advances(c);
        Map<Integer, List<Entry>> effects = new EffectsTable(columns).read(c, topic);
        String totals = arguments.optional(Option.TOTALS);
        Map<String, Total> sums = totals == null ? Map.of() : EffectsTable.totals(c, totals);
        Map<Integer, Long> lags = store.lags(c);
        try (LogReader reader = new LogReader(kafka(), topic, parser)) {
            Map<Integer, Long> ends = reader.readInto(log, incarnation, Map.of());
            Map<Integer, List<Stretch>> stretches = advances.isEmpty()
                    ? straight(incarnation, reader.starts(), positions)
                    : ChainCheck.stretches(advances);
            Proof proof = new Proof(new Facts(effects, stretches, log), sums, advances, ends, positions, lags, told());
            List<Finding> findings = new ArrayList<>(proof.findings());
            findings.add(TakeoverCheck.check(takeovers(), arguments.duration(Option.TAKEOVER_LIMIT)));
            if (arguments.has(Option.ROLE)) {
                findings.add(leaks(c));
            }
            return findings;
        } finally {
            c.rollback();
        }
    }

    /** From where the group began, or the log begins, to where it stands. */
    private Map<Integer, List<Stretch>> straight(
            int incarnation, Map<Integer, Long> starts, Map<Integer, Long> positions) {
        Map<Integer, List<Stretch>> stretches = new HashMap<>();
        positions.forEach((partition, position) -> stretches.put(
                partition,
                List.of(new Stretch(
                        incarnation,
                        arguments.has(Option.FROM) ? arguments.number(Option.FROM) : starts.getOrDefault(partition, 0L),
                        position))));
        return stretches;
    }

    private Columns columns() {
        return new Columns(
                arguments.required(Option.EFFECTS),
                arguments.optional(Option.TOPIC_COLUMN),
                arguments.required(Option.PARTITION_COLUMN),
                arguments.required(Option.OFFSET_COLUMN),
                arguments.optional(Option.ORDER_COLUMN),
                arguments.optional(Option.KEY_COLUMN),
                arguments.optional(Option.SEQUENCE_COLUMN),
                arguments.optional(Option.AMOUNT_COLUMN));
    }

    private Map<String, Object> kafka() throws IOException {
        Map<String, Object> config = new HashMap<>();
        String file = arguments.optional(Option.KAFKA_CONFIG);
        if (file != null) {
            Properties properties = new Properties();
            try (Reader reader = Files.newBufferedReader(Path.of(file))) {
                properties.load(reader);
            }
            properties.stringPropertyNames().forEach(name -> config.put(name, properties.getProperty(name)));
        }
        config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments.required(Option.BOOTSTRAP_SERVERS));
        return config;
    }

    private List<Told> told() throws IOException {
        String file = arguments.optional(Option.TOLD);
        return file == null ? List.of() : ToldFile.read(Path.of(file));
    }

    private List<Duration> takeovers() throws IOException {
        String file = arguments.optional(Option.TAKEOVERS);
        return file == null
                ? List.of()
                : Files.readAllLines(Path.of(file)).stream()
                        .filter(line -> !line.isBlank())
                        .map(line -> Duration.ofMillis(Long.parseLong(line.strip())))
                        .toList();
    }

    private Finding leaks(Connection c) throws SQLException {
        String table = arguments.required(Option.SCHEMA) + ".stored_offset";
        return LeakCheck.check(
                Sessions.read(
                        c,
                        arguments.required(Option.ROLE),
                        arguments.duration(Option.LONGEST_WAIT),
                        List.of(table),
                        Map.of()),
                new Bounds(
                        arguments.number(Option.CONNECTIONS),
                        Map.of(table, arguments.number(Option.STORE_BYTES)),
                        Long.MAX_VALUE));
    }
}
