package dev.tidemark.bench.scale;

import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.PostgresServer;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What an experiment works with; the servers stay the caller's.
 *
 * @param directory for the logs of child processes
 * @param progress gets a line now and then
 */
public record Lab(KafkaServer kafka, PostgresServer postgres, Path directory, Consumer<String> progress) {
    void say(String line) {
        progress.accept(line);
    }
}
