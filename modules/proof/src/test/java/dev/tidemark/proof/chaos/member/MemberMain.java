package dev.tidemark.proof.chaos.member;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.proof.kit.TransferHandler;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A consumer in a process of its own. Settings come as {@code key=value}, Kafka's own as {@code kafka.*}. It writes what it was told
 * is committed to a file, and can be held inside an open unit by lines on its standard input.
 */
public final class MemberMain {
    private MemberMain() {}

    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>();
        Map<String, Object> kafka = new HashMap<>();
        for (String arg : args) {
            String key = arg.substring(0, arg.indexOf('='));
            String value = arg.substring(arg.indexOf('=') + 1);
            if (key.startsWith("kafka.")) {
                kafka.put(key.substring("kafka.".length()), value);
            } else {
                settings.put(key, value);
            }
        }
        HeapWatch.start();
        HoldGate gate = HoldGate.start(System.in);
        UnitLimits limits = UnitLimits.defaults().withMaxRecords(Integer.parseInt(settings.get("records")));
        Duration session = Duration.parse(settings.get("session"));
        try (HikariDataSource pool = pool(settings);
                ToldLog told = new ToldLog(Path.of(settings.get("told")))) {
            TidemarkBuilder<String, String> builder = Tidemark.consumer(kafka)
                    .topics(settings.get("topic"))
                    .deserializers(StringDeserializer::new, StringDeserializer::new)
                    .database(pool)
                    .limits(limits)
                    .transactionIdleTimeout(session)
                    .networkTimeout(session)
                    .closeTimeout(Duration.ofMinutes(1))
                    .addInterceptor(told);
            if (settings.containsKey("strict")) {
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

    private static HikariDataSource pool(Map<String, String> settings) throws SQLException {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(settings.get("jdbc"));
        config.setMaximumPoolSize(2);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        config.setTransactionIsolation(settings.get("isolation"));
        return new HikariDataSource(config);
    }
}
