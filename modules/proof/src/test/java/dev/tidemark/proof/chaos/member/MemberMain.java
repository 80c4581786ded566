package dev.tidemark.proof.chaos.member;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.proof.kit.TransferHandler;
import dev.tidemark.testkit.process.ProcessSettings;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A consumer in a process of its own. It writes what it was told
 * is committed to a file, and can be held inside an open unit by lines on its standard input.
 */
public final class MemberMain {
    private static final int POOL = 2;

    private MemberMain() {}

    public static void main(String[] args) throws Exception {
        ProcessSettings settings = ProcessSettings.parse(args);
        HeapWatch.start();
        HoldGate gate = new HoldGate();
        UnitLimits limits = UnitLimits.defaults().withMaxRecords(Integer.parseInt(settings.get("records")));
        if (settings.has("deadline")) {
            limits = limits.withDeadline(Duration.parse(settings.get("deadline")));
        }
        Duration session = Duration.parse(settings.get("session"));
        try (HikariDataSource pool = pool(settings);
                ToldLog told = new ToldLog(Path.of(settings.get("told")))) {
            PoolHog hog = new PoolHog(pool, POOL);
            gate.commands().on("take", hog::take).on("give", hog::give).obey(System.in);
            TidemarkBuilder<String, String> builder = Tidemark.consumer(settings.kafka())
                    .topics(settings.get("topic"))
                    .deserializers(StringDeserializer::new, StringDeserializer::new)
                    .database(pool)
                    .limits(limits)
                    .transactionIdleTimeout(session)
                    .networkTimeout(session)
                    .closeTimeout(Duration.ofMinutes(1))
                    .addInterceptor(told);
            if (settings.has("strict")) {
                builder.strictTopicIdentity();
            }
            TidemarkConsumer consumer = builder.handleBatch((records, tx) -> {
                TransferHandler.write(tx.getConnection(), records);
                gate.pass();
            });
            Runtime.getRuntime().addShutdownHook(new Thread(consumer::close));
            System.out.println("STARTED");
            consumer.run();
        }
    }

    private static HikariDataSource pool(ProcessSettings settings) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(settings.get("jdbc") + settings.get("jdbcOptions", ""));
        config.setMaximumPoolSize(POOL);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        config.setTransactionIsolation(settings.get("isolation"));
        return new HikariDataSource(config);
    }
}
