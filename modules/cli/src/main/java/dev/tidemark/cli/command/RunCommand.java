package dev.tidemark.cli.command;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.HttpOptions;
import dev.tidemark.cli.option.JobOptions;
import dev.tidemark.cli.option.KafkaOptions;
import dev.tidemark.cli.option.RunOptions;
import dev.tidemark.cli.option.TimeArgument;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.running.HttpEndpoint;
import dev.tidemark.cli.running.Pools;
import dev.tidemark.cli.running.ProgressLine;
import dev.tidemark.cli.running.RunTally;
import dev.tidemark.cli.running.WaitLimit;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.sql.StatementFailedException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A job that is a SQL file. */
@Command(
        name = "run",
        description = {
            "Runs a SQL job: its statements read Kafka records from the relation records, and take effect exactly once.",
            "Runs until it is stopped (Ctrl-C, SIGTERM), unless --until-end is given. Exits with 1 if everything has halted."
        })
public final class RunCommand implements Callable<Integer> {
    /** For closing the pool and printing the last lines, once the consumer has stopped. */
    private static final long GOODBYE_SECONDS = 5;

    /** Two exceptions may be each other's cause. */
    private static final int MOST_CAUSES = 100;

    @Mixin
    private JobOptions job = new JobOptions();

    @Option(names = "--group", paramLabel = "GROUP", required = true, description = "The consumer group (group.id).")
    private String group = "";

    @Mixin
    private RunOptions options = new RunOptions();

    @Option(
            names = "--migrate",
            description = "First create the schema of the offset store, or upgrade it to this version.")
    private boolean migrate;

    @Option(
            names = {"-q", "--quiet"},
            description = "Show no progress.")
    private boolean quiet;

    @Option(
            names = "--wait-at-most",
            paramLabel = "DURATION",
            converter = TimeArgument.Lengths.class,
            description =
                    "Exit with 3 once the database or Kafka has been unavailable for this long, such as 10m. Default:"
                            + " wait for them.")
    private @Nullable TimeArgument waitAtMost;

    @Mixin
    private HttpOptions http = new HttpOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        // What is wrong with the arguments is found before anything is changed.
        http.check();
        var config = kafka.config(group);
        SqlJob sql = job.read();
        RunTally tally = new RunTally();
        CountDownLatch ended = new CountDownLatch(1);
        try (HikariDataSource pool = Pools.of(database.dataSource(), Math.max(2, options.workers() + 1));
                TidemarkConsumer consumer = http.apply(options.apply(bytes(config)))
                        .database(pool)
                        .schema(database.schema())
                        .addListener(tally)
                        .handleBatch(sql)) {
            if (migrate) {
                TidemarkSchema.migrate(database.forChanges(), database.schema());
            }
            check(sql);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(consumer, ended), "tidemark-stop"));
            run(consumer, tally);
        } finally {
            ended.countDown();
        }
        return ExitCode.DONE;
    }

    /** What else is wrong, such as an unavailable database, says nothing about the job; the run waits for it, or says so. */
    private void check(SqlJob sql) {
        try {
            job.check(sql, database.looks());
        } catch (TidemarkException e) {
            if (e.code() == ErrorCode.INVALID_SETTING) {
                throw e;
            }
        }
    }

    /** SQL reads bytes, whatever deserializers the settings name. */
    private static TidemarkBuilder<byte[], byte[]> bytes(Map<String, Object> config) {
        return Tidemark.consumer(config).deserializers(ByteArrayDeserializer::new, ByteArrayDeserializer::new);
    }

    private void run(TidemarkConsumer consumer, RunTally tally) {
        PrintWriter err = command.commandLine().getErr();
        try (HttpEndpoint endpoint = http.start(consumer);
                WaitLimit limit = WaitLimit.start(consumer, waitAtMost);
                ProgressLine progress = quiet ? null : ProgressLine.start(group, consumer, tally, err)) {
            consumer.run();
            limit.check();
        } catch (TidemarkException e) {
            throw withPlace(e);
        }
    }

    /** Adds the statement that caused a halt. */
    private TidemarkException withPlace(TidemarkException halt) {
        return Stream.<Throwable>iterate(halt, Objects::nonNull, Throwable::getCause)
                .limit(MOST_CAUSES)
                .filter(StatementFailedException.class::isInstance)
                .map(StatementFailedException.class::cast)
                .findFirst()
                .map(failed -> {
                    String words = String.valueOf(halt.getMessage())
                            .substring(halt.code().code().length())
                            .replaceFirst("^: ", "");
                    return new TidemarkException(halt.code(), words + " (" + job.place(failed) + ")", halt);
                })
                .orElse(halt);
    }

    /** The process ends when its last hook does, so this waits until everything is closed. */
    private static void stop(TidemarkConsumer consumer, CountDownLatch ended) {
        consumer.close();
        try {
            boolean unused = ended.await(GOODBYE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
