package dev.tidemark.cli;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.Redriven;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.sql.SqlJob;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.CommonClientConfigs;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Dead letters that are applied after all, by a SQL job. */
@Command(
        name = "redrive",
        description = {
            "Applies dead letters after all, each in a transaction of its own that also removes it.",
            "Of one key the earliest goes first. Works beside running consumers. Needs the database only.",
            "Without --execute it shows what it would try. Ends with 1 unless all took effect."
        })
final class RedriveCommand implements Callable<Integer> {
    private static final int PAGE = 1_000;

    @Mixin
    private JobOptions job = new JobOptions();

    @Parameters(index = "1", paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Parameters(
            index = "2..*",
            arity = "0..*",
            paramLabel = "ID",
            description = "Dead letters, as dead-letters list shows them. These or --all are required.")
    private List<Long> ids = new ArrayList<>();

    @Option(names = "--all", description = "All of the group that can be redriven.")
    private boolean all;

    @Option(names = "--execute", description = "Do it. Without this, only what would be done is shown.")
    private boolean execute;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() throws SQLException {
        if (ids.isEmpty() != all) {
            throw CommandException.wrongInput("say which: either ids of dead letters or --all");
        }
        SqlJob sql = job.read();
        Map<Long, DeadLetter> letters = letters();
        if (letters.isEmpty()) {
            try (Handle handle = database.open()) {
                DeadLetterChoice.of(group).check(handle, database);
            }
            output.say("group " + group + " has no dead letters that can be redriven");
            return ExitCode.DONE;
        }
        if (!execute) {
            Listing listing =
                    new Listing("id", "topic", "partition", "record_offset", "error_code", "attempts", "parked_at");
            letters.values()
                    .forEach(letter -> listing.add(
                            letter.id(),
                            letter.record().topic(),
                            letter.record().partition(),
                            letter.record().offset(),
                            letter.errorCode().orElse(null),
                            letter.attempts(),
                            letter.parkedAt()));
            output.print(listing);
            output.say("nothing was done: add --execute to redrive " + letters.size() + " dead letter(s)");
            return ExitCode.DONE;
        }
        job.check(sql, database.dataSource());
        List<Redriven> answers = redrive(sql, letters);
        print(answers, letters);
        return answers.stream().allMatch(answer -> answer.result() == Redriven.Result.APPLIED)
                ? ExitCode.DONE
                : ExitCode.FAILED;
    }

    private Map<Long, DeadLetter> letters() throws SQLException {
        Map<Long, DeadLetter> found = new TreeMap<>();
        try (Connection connection = database.dataSource().getConnection()) {
            DeadLetters letters = DeadLetters.of(group, database.schema().name());
            if (all) {
                List<DeadLetter> page = letters.list(connection, 0, PAGE);
                while (!page.isEmpty()) {
                    page.stream()
                            .filter(letter -> letter.supersededAt().isEmpty())
                            .forEach(letter -> found.put(letter.id(), letter));
                    page = letters.list(connection, page.get(page.size() - 1).id(), PAGE);
                }
                return found;
            }
            Set<Long> missing = new TreeSet<>();
            for (Long id : ids) {
                letters.find(connection, id).ifPresentOrElse(letter -> found.put(id, letter), () -> missing.add(id));
            }
            if (!missing.isEmpty()) {
                throw CommandException.nothingMatched("group " + group + " has no dead letter " + missing
                        + ": tidemark dead-letters list " + group + " shows those that it has");
            }
            return found;
        }
    }

    private List<Redriven> redrive(SqlJob sql, Map<Long, DeadLetter> letters) {
        // It never runs, so Kafka is never asked.
        Map<String, Object> nowhere = Map.of(
                CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
                "localhost:9092",
                CommonClientConfigs.GROUP_ID_CONFIG,
                group);
        try (HikariDataSource pool = Pools.of(database, 2);
                TidemarkConsumer consumer = TidemarkConsumer.from(nowhere)
                        .topics(letters.values().stream()
                                .map(letter -> letter.record().topic())
                                .toList())
                        .database(pool)
                        .schema(database.schema().name())
                        .handleBatch(sql)) {
            return consumer.redrive(letters.keySet());
        }
    }

    private void print(List<Redriven> answers, Map<Long, DeadLetter> letters) {
        Listing listing = new Listing("id", "topic", "partition", "record_offset", "result", "error");
        for (Redriven answer : answers) {
            var record = Objects.requireNonNull(letters.get(answer.id())).record();
            listing.add(
                    answer.id(),
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    answer.result(),
                    answer.error().map(Throwable::getMessage).orElse(null));
        }
        output.print(listing);
    }
}
