package dev.tidemark.demo;

import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.postgres.DatabaseRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/**
 * Ends with 0 only if Tidemark's count of the flights is exact, and leaves nothing running; with {@code -Dkeep} everything stays
 * up until Ctrl-C.
 */
public final class Demo {
    private Demo() {}

    public static void main(String[] args) {
        Path directory = newDirectory();
        System.setProperty("logback.configurationFile", "logback-demo.xml");
        System.setProperty("demo.log", directory.resolve("demo.log").toString());
        Screen screen = new Screen();
        // On Ctrl-C the servers and the processes are ended by hooks of their own.
        Runtime.getRuntime().addShutdownHook(new Thread(screen::silence));
        boolean exact = false;
        try {
            exact = play(directory, screen);
        } catch (RuntimeException e) {
            LoggerFactory.getLogger(Demo.class).error("the demo broke", e);
            screen.line("the demo broke: %s; see %s", e, directory);
        }
        System.exit(exact ? 0 : 1);
    }

    private static Path newDirectory() {
        try {
            return Files.createTempDirectory(Files.createDirectories(Path.of("target", "demo")), "run-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean play(Path directory, Screen screen) {
        List<Flight> flights = Flights.sample();
        screen.line(
                "Two groups fold the same %d flights into PostgreSQL; both lose a process to kill -9, twice.",
                flights.size());
        screen.line("Their logs are in %s.", directory);
        screen.line("");
        try (Stage stage = Stage.open(directory, screen)) {
            List<String> args = Group.args(
                    stage.kafka().bootstrapServers(), stage.database().jdbcUrl());
            try (Fleet tidemark = new Fleet(Group.TIDEMARK, directory, args);
                    Fleet textbook = new Fleet(Group.TEXTBOOK, directory, args)) {
                boolean exact = new Show(flights, stage, tidemark, textbook, screen).play();
                if (System.getProperty("keep") != null) {
                    keep(stage, screen);
                }
                return exact;
            }
        }
    }

    private static void keep(Stage stage, Screen screen) {
        screen.line("");
        screen.line("everything stays up until Ctrl-C; in another terminal:");
        screen.line(
                "  export TIDEMARK_JDBC_URL='%s'",
                stage.database().as(DatabaseRole.OPERATOR).jdbcUrl());
        screen.line("  export TIDEMARK_BOOTSTRAP_SERVERS=%s", stage.kafka().bootstrapServers());
        screen.line("  bin/tidemark describe %s", Group.TIDEMARK.id());
        screen.line("  %s", stage.psql());
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
