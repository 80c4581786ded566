package dev.tidemark.bench.scale;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Runs the experiments that are named, or all of them, and prints what they found as JSON. */
public final class ScaleMain {
    private ScaleMain() {}

    public static void main(String[] args) throws Exception {
        Path directory = directory();
        List<String> names = args.length == 0 ? Experiments.NAMES : List.of(args);
        try (PostgresServer postgres = PostgresServer.start();
                KafkaServer kafka = KafkaServer.start(directory.resolve("kafka"))) {
            long begin = System.nanoTime();
            Lab lab = new Lab(
                    kafka,
                    postgres,
                    directory,
                    line -> System.out.printf("%5.1f s  %s%n", (System.nanoTime() - begin) / 1e9, line));
            Experiments experiments = new Experiments(lab);
            Map<String, Object> figures = new TreeMap<>();
            for (String name : names) {
                lab.say(name);
                figures.put(name, experiments.run(name));
            }
            System.out.println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(figures));
            lab.say("done");
        }
    }

    private static Path directory() throws IOException {
        return Files.createTempDirectory(Files.createDirectories(Path.of("target", "servers")), "scale-");
    }
}
