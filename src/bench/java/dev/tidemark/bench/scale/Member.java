package dev.tidemark.bench.scale;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ProcessSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A {@link MemberMain} that runs, seen from outside. */
final class Member implements AutoCloseable {
    private final ChildJvm jvm;
    private long asked;

    private Member(ChildJvm jvm) {
        this.jvm = jvm;
    }

    /**
     * @param heapMegabytes what {@code -Xmx} gets
     * @param more settings in addition to the topic: {@code buffer}, {@code pause}
     */
    static Member start(
            Path log,
            int heapMegabytes,
            Map<String, Object> kafka,
            TestDatabase database,
            String topic,
            Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("jdbc", database.jdbcUrl());
        settings.put("topic", topic);
        return new Member(ChildJvm.start(
                log,
                MemberMain.class,
                List.of(
                        "-Xmx" + heapMegabytes + "m",
                        "-XX:+UseSerialGC",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-Dlogback.configurationFile=logback-broker.xml"),
                new ProcessSettings(settings, kafka).args()));
    }

    /** Asks and waits for the reply. */
    MemberMain.Sample sample(boolean collect) {
        jvm.send(collect ? "collect" : "look");
        long number = ++asked;
        List<MemberMain.Sample> answer = new ArrayList<>();
        Waits.until("an answer of the consumer's process", () -> {
            if (!jvm.isAlive()) {
                throw new IllegalStateException("the consumer's process died:\n" + jvm.output());
            }
            last().filter(sample -> sample.number() == number).ifPresent(answer::add);
            return !answer.isEmpty();
        });
        return answer.get(0);
    }

    private Optional<MemberMain.Sample> last() {
        String output = jvm.output();
        int begin = output.lastIndexOf(MemberMain.ANSWER);
        int end = begin < 0 ? -1 : output.indexOf('\n', begin);
        if (end < 0) {
            return Optional.empty();
        }
        try {
            String json = output.substring(begin + MemberMain.ANSWER.length(), end);
            return Optional.of(new JsonMapper().readValue(json, MemberMain.Sample.class));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Ends it cleanly. */
    @Override
    public void close() {
        if (jvm.isAlive()) {
            jvm.send("end");
            int unused = jvm.await(30);
        }
        jvm.close();
    }
}
