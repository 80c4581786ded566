package dev.tidemark.testkit.process;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.kafka.ClientLibrary;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;

/** A consumer process, to be killed, stopped and cut off. Settings come as {@code key=value}, Kafka's own as {@code kafka.*}. */
public final class ConsumerMain {
    private ConsumerMain() {}

    /** Starts one with these settings in addition to the Kafka ones. */
    public static ChildJvm start(Path log, Map<String, Object> kafka, Map<String, String> settings) {
        Map<String, String> own = new HashMap<>(settings);
        own.replace("classPath", "other");
        List<String> jvmArgs = new ArrayList<>(ChildJvm.QUICK);
        jvmArgs.add("-Xmx" + settings.getOrDefault("heap", "128m"));
        String classPath = settings.getOrDefault("classPath", ChildJvm.classPath());
        return ChildJvm.start(
                log, classPath, ConsumerMain.class.getName(), jvmArgs, new ProcessSettings(own, kafka).args());
    }

    public static void main(String[] args) {
        ProcessSettings settings = ProcessSettings.parse(args);
        if (settings.has("classPath")) {
            say("KAFKA " + ClientLibrary.version());
        }
        int workers = Integer.parseInt(settings.get("workers", "1"));
        UnitLimits limits = UnitLimits.defaults().withMaxRecords(Integer.parseInt(settings.get("records", "5000")));
        if (settings.has("deadline")) {
            limits = limits.withDeadline(Duration.ofSeconds(Long.parseLong(settings.get("deadline"))));
        }
        try (HikariDataSource pool = TestDatabase.pool(settings.get("jdbc"), workers + 1)) {
            TidemarkBuilder<String, String> builder = Tidemark.consumer(settings.kafka())
                    .topics(settings.get("topic"))
                    .deserializers(StringDeserializer::new, StringDeserializer::new)
                    .database(pool)
                    .limits(limits)
                    .workers(workers)
                    .closeTimeout(Duration.ofMinutes(1))
                    .transactionIdleTimeout(KafkaServer.QUICK_SESSION_TIMEOUT);
            if (settings.get("untilEnd", "false").equals("true")) {
                builder.untilEnd();
            }
            TidemarkConsumer consumer = switch (settings.get("handler", "batch")) {
                case "batch" -> builder.handleBatch(FlightEffects::foldBatch);
                case "record" -> builder.handle(FlightEffects::foldOne);
                case "deadly" -> {
                    String deadly = settings.get("deadly");
                    yield builder.handle((record, tx) -> {
                        FlightEffects.foldOne(record, tx);
                        if (deadly.equals(record.partition() + "@" + record.offset())) {
                            say("DYING");
                            Runtime.getRuntime().halt(137);
                        }
                    });
                }
                case "wait" ->
                    builder.handleBatch((records, tx) -> {
                        FlightEffects.foldBatch(records, tx);
                        waitInsideUnit(settings.get("copying", "false"), tx);
                    });
                default -> throw new IllegalArgumentException("handler");
            };
            if (settings.has("deadline")) {
                endWhenNotAlive(consumer);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(consumer::close));
            consumer.run();
        }
    }

    /** As what runs containers does: it asks for the health, and kills a process that is not alive. */
    private static void endWhenNotAlive(TidemarkConsumer consumer) {
        Thread probe = new Thread(() -> {
            Awaitility.await("not alive")
                    .forever()
                    .until(() -> !consumer.health().live());
            say("NOT ALIVE");
            Runtime.getRuntime().halt(137);
        });
        probe.setDaemon(true);
        probe.start();
    }

    /** Says that a unit is open and continues when a line comes in; what the process's own pause or a COPY would look like. */
    private static void waitInsideUnit(String copying, Handle tx) throws Exception {
        if (copying.equals("true")) {
            var copy =
                    tx.getConnection().unwrap(PGConnection.class).getCopyAPI().copyIn("copy copied (line) from stdin");
            say("UNIT OPEN");
            readLine();
            say("UNIT GOES ON");
            copy.endCopy();
        } else {
            say("UNIT OPEN");
            readLine();
            say("UNIT GOES ON");
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static void readLine() throws IOException {
        int c = System.in.read();
        while (c != '\n' && c != -1) {
            c = System.in.read();
        }
    }
}
