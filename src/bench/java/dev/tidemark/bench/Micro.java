package dev.tidemark.bench;

import dev.tidemark.internal.queue.Batching;
import dev.tidemark.internal.queue.Decoding;
import dev.tidemark.internal.unit.Planning;
import dev.tidemark.testkit.process.ChildJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** Measures Tidemark's inner parts by JMH, each in a JVM of its own. JMH's own output goes to a log. */
final class Micro {
    private static final Path LOG = Path.of("target", "bench", "logs", "jmh.log");

    /** What JMH reads the class path of its JVMs from. */
    private static final String CLASS_PATH = "java.class.path";

    /**
     * What is measured, in the order of the report.
     *
     * @param name a parameter stands for its %s
     */
    private record Part(Class<?> type, String method, String name) {
        String id() {
            return type.getName() + "." + method;
        }
    }

    private static final List<Part> PARTS = List.of(
            new Part(Batching.class, "offerTakeSettle", "offer, take and settle 5,000 records, %s partitions"),
            new Part(Decoding.class, "flights", "decode 5,000 records, JSON by Jackson"),
            new Part(Decoding.class, "bytes", "decode 5,000 records, bytes as they are"),
            new Part(Planning.class, "committed", "plan what follows a committed unit"),
            new Part(Planning.class, "pace", "pace after a committed unit"));

    private Micro() {}

    static List<Figure> run() throws RunnerException {
        Collection<RunResult> results = results();
        List<Figure> figures = new ArrayList<>();
        for (Part part : PARTS) {
            results.stream()
                    .filter(result -> result.getParams().getBenchmark().equals(part.id()))
                    .map(result -> figure(part, result))
                    .forEach(figures::add);
        }
        return figures;
    }

    private static Figure figure(Part part, RunResult result) {
        Object[] parameters = result.getParams().getParamsKeys().stream()
                .map(key -> result.getParams().getParam(key))
                .map(value -> "%,d".formatted(Integer.parseInt(value)))
                .toArray();
        // The median, as elsewhere: one iteration that something else disturbed must not tell.
        double median = result.getPrimaryResult().getStatistics().getPercentile(50);
        return Figure.of(Figure.MICRO, part.name().formatted(parameters), median, "ns");
    }

    private static Collection<RunResult> results() throws RunnerException {
        OptionsBuilder options = new OptionsBuilder();
        PARTS.forEach(part -> options.include("^" + Pattern.quote(part.id()) + "$"));
        options.mode(Mode.AverageTime)
                .timeUnit(TimeUnit.NANOSECONDS)
                .forks(1)
                // With two the compiler is still at work on the longer ones, and they seem several times as slow.
                .warmupIterations(4)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(3)
                .measurementTime(TimeValue.seconds(1))
                // The same on every machine, and enough that collections are few.
                .jvmArgs("-Xms1g", "-Xmx1g")
                .shouldFailOnError(true)
                .output(log());
        // Inside Maven the property holds Maven's own class path.
        String before = System.setProperty(CLASS_PATH, ChildJvm.classPath());
        try {
            return new Runner(options.build()).run();
        } finally {
            System.setProperty(CLASS_PATH, before);
        }
    }

    private static String log() {
        try {
            Files.createDirectories(LOG.getParent());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return LOG.toString();
    }
}
