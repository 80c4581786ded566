package dev.tidemark.cli.command;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.RedriveResult;
import dev.tidemark.RedriveResult.Status;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.admin.DeadLetterQuery;
import dev.tidemark.admin.DeadLetterSummary;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.ExecutionOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.JobOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import dev.tidemark.cli.running.Pools;
import dev.tidemark.sql.SqlJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.CommonClientConfigs;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Applies dead letters with a SQL job. */
@Command(
        name = "redrive",
        description = {
            "Applies dead letters after all, each in its own transaction that also removes it.",
            "Within a key, the earliest goes first. Works while consumers run. Needs only the database.",
            "Without --execute it shows what it would try. Exits with 1 unless all took effect."
        })
public final class RedriveCommand implements Callable<Integer> {
    /** How many are read at a time. */
    private static final int PAGE = 1_000;

    @Mixin
    private JobOptions job = new JobOptions();

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "GROUP",
            description = "The consumer group; --group GROUP is the same.")
    private @Nullable String argument;

    @Option(names = "--group", paramLabel = "GROUP", description = "The consumer group, as the argument GROUP.")
    private @Nullable String option;

    @Parameters(
            index = "2..*",
            arity = "0..*",
            paramLabel = "ID",
            description = "Dead letters, as dead-letters list shows them. These or --all are required.")
    private List<String> ids = new ArrayList<>();

    @Option(names = "--all", description = "All dead letters of the group that can be redriven.")
    private boolean all;

    @Mixin
    private ExecutionOptions execution = new ExecutionOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        GroupOptions named = GroupOptions.of(argument, option);
        String group = named.beforeIds();
        List<Long> ids = named.ids(this.ids);
        if (ids.isEmpty() != all) {
            throw CommandException.wrongInput("name dead letters: either their ids or --all");
        }
        SqlJob sql = job.read();
        Pages pages = all
                ? after -> page(group, after)
                : chosen(database.looks().deadLetters(DeadLetterQuery.of(group).withIds(ids)));
        if (pages.after(0).isEmpty()) {
            output.say("group " + group + " has no dead letters that can be redriven");
            return ExitCode.DONE;
        }
        if (!execution.execute()) {
            show(pages);
            return ExitCode.DONE;
        }
        job.check(sql, database.looks());
        return redrive(group, pages, sql) ? ExitCode.DONE : ExitCode.FAILED;
    }

    /** What is to be redriven, without the contents, which stay in the database until they are needed. */
    private interface Pages {
        /** The next ones, in the order of their ids; none at the end. */
        List<DeadLetterSummary> after(long id);
    }

    private List<DeadLetterSummary> page(String group, long after) {
        return database.looks()
                .deadLetters(DeadLetterQuery.of(group).redrivable().after(after).withLimit(PAGE));
    }

    private static Pages chosen(List<DeadLetterSummary> letters) {
        return after -> letters.stream()
                .filter(letter -> letter.id() > after)
                .limit(PAGE)
                .toList();
    }

    private void show(Pages pages) {
        Table table = new Table("id", "topic", "partition", "record_offset", "error_code", "attempts", "parked_at");
        int count = 0;
        for (List<DeadLetterSummary> page = pages.after(0); !page.isEmpty(); page = pages.after(lastId(page))) {
            for (DeadLetterSummary letter : page) {
                table.add(
                        letter.id(),
                        letter.topic(),
                        letter.partition(),
                        letter.offset(),
                        letter.errorCode(),
                        letter.attempts(),
                        letter.parkedAt());
                count++;
            }
        }
        output.print(table);
        output.say("nothing was done: add --execute to redrive " + count + " dead letter(s)");
    }

    private static long lastId(List<DeadLetterSummary> page) {
        return page.get(page.size() - 1).id();
    }

    /** Returns whether all took effect; what was done before a failure is shown as well. */
    private boolean redrive(String group, Pages pages, SqlJob sql) {
        Table table = new Table("id", "topic", "partition", "record_offset", "result", "error");
        try (HikariDataSource pool = Pools.of(database.dataSource(), 2);
                TidemarkConsumer consumer = consumer(group, sql, pool)) {
            return redrive(consumer, pages, table);
        } finally {
            if (!table.isEmpty()) {
                output.print(table);
            }
        }
    }

    /** One by one, then again those that waited for one that came later. */
    private static boolean redrive(TidemarkConsumer consumer, Pages pages, Table table) {
        boolean allApplied = true;
        List<DeadLetterSummary> waiting = new ArrayList<>();
        for (List<DeadLetterSummary> page = pages.after(0); !page.isEmpty(); page = pages.after(lastId(page))) {
            allApplied &= round(consumer, page, table, waiting);
        }
        int before = Integer.MAX_VALUE;
        while (!waiting.isEmpty() && waiting.size() < before) {
            before = waiting.size();
            List<DeadLetterSummary> again = waiting;
            waiting = new ArrayList<>();
            allApplied &= round(consumer, again, table, waiting);
        }
        for (DeadLetterSummary letter : waiting) {
            add(table, letter, new RedriveResult(letter.id(), Status.WAITS, Optional.empty()));
        }
        return allApplied && waiting.isEmpty();
    }

    private static boolean round(
            TidemarkConsumer consumer, List<DeadLetterSummary> letters, Table table, List<DeadLetterSummary> waiting) {
        boolean allApplied = true;
        for (DeadLetterSummary letter : letters) {
            RedriveResult result = consumer.redrive(List.of(letter.id())).get(0);
            if (result.status() == Status.WAITS) {
                waiting.add(letter);
            } else {
                allApplied &= result.status() == Status.APPLIED;
                add(table, letter, result);
            }
        }
        return allApplied;
    }

    private static void add(Table table, DeadLetterSummary letter, RedriveResult result) {
        table.add(
                letter.id(),
                letter.topic(),
                letter.partition(),
                letter.offset(),
                result.status(),
                result.error().map(Throwable::getMessage).orElse(null));
    }

    private TidemarkConsumer consumer(String group, SqlJob sql, HikariDataSource pool) {
        // It never runs, so Kafka is never contacted, and no topic is read.
        Map<String, Object> nowhere = Map.of(
                CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
                "localhost:9092",
                CommonClientConfigs.GROUP_ID_CONFIG,
                group);
        return Tidemark.<byte[], byte[]>consumer(nowhere)
                .topics("none")
                .database(pool)
                .schema(database.schema())
                .handleBatch(sql);
    }
}
