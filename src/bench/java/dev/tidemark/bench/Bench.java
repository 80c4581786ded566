package dev.tidemark.bench;

import dev.tidemark.bench.scale.DatabaseCost;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Measures everything, and writes results and a report to target/bench.
 *
 * <ul>
 *   <li>{@code -Dcells=} measures a part: globs of ids, separated by commas, such as {@code append/*,latency-1000/*}. {@code help} lists
 *       the ids; {@code report} measures nothing and writes the report again from the last results.
 *   <li>{@code -Drepetitions=} is how often each cell is run, default 2. All are run once, then those again that the
 *       targets are about; latencies, other numbers of partitions and workers, and experiments only once.
 *   <li>{@code -Dbench.docs=true} writes the report to docs too.
 * </ul>
 */
public final class Bench {
    private static final Path DIRECTORY = Path.of("target", "bench");
    private static final Path DOCS = Path.of("docs");

    /** What a run takes beyond its ten seconds: its process, its database, its part of a topic's filling. */
    private static final int SECONDS = 17;

    private final Options options;
    private final List<Cell> cells;
    private final List<Experiment> experiments;
    private final ResultsFile file = new ResultsFile(DIRECTORY);
    private final Map<Cell, List<Optional<Run>>> runs = new LinkedHashMap<>();
    private final List<Figure> figures = new ArrayList<>();
    private final Map<Cell, DatabaseCost> costs = new LinkedHashMap<>();
    private final Progress progress;

    private Bench(Options options, List<Cell> cells, List<Experiment> experiments) {
        this.options = options;
        this.cells = cells;
        this.experiments = experiments;
        List<Progress.Step> steps = new ArrayList<>();
        for (int i = 1; i <= options.repetitions(); i++) {
            turn(i).forEach(cell ->
                    steps.add(new Progress.Step(cell.id(), LatencyRun.isFor(cell) ? LatencyRun.SECONDS + 6 : SECONDS)));
        }
        experiments.forEach(experiment -> steps.add(new Progress.Step(experiment.id(), experiment.seconds())));
        this.progress = new Progress(steps);
    }

    public static void main(String[] args) {
        Options options = Options.fromSystem();
        List<Cell> cells =
                Stream.concat(Cells.all().stream(), LatencyCells.all().stream()).toList();
        List<Experiment> experiments = Experiment.all();
        List<String> ids = Stream.concat(
                        cells.stream().map(Cell::id), experiments.stream().map(Experiment::id))
                .toList();
        if (options.isHelp()) {
            System.out.println(Options.list(ids));
        } else if (options.isReportOnly()) {
            report(new ResultsFile(DIRECTORY).read(), options);
        } else {
            Set<String> wanted = options.select(ids);
            new Bench(
                            options,
                            cells.stream().filter(c -> wanted.contains(c.id())).toList(),
                            experiments.stream()
                                    .filter(e -> wanted.contains(e.id()))
                                    .toList())
                    .run();
        }
    }

    private void run() {
        System.out.println(progress);
        Map<String, String> machine;
        try (Rig rig = new Rig()) {
            machine = Machine.describe(rig, options);
            Turn turn = new Turn(rig, new ClassPaths());
            LatencyRun latency = new LatencyRun(rig, turn);
            for (int repetition = 1; repetition <= options.repetitions(); repetition++) {
                for (Cell cell : turn(repetition)) {
                    measure(cell, turn, latency);
                    file.write(new Results(Summary.of(runs), figures, machine));
                }
            }
        }
        figures.addAll(DatabaseFigures.of(costs));
        // After the servers are gone, so that experiments have the machine for themselves.
        experiments.forEach(this::measure);
        Results results = new Results(Summary.of(runs), figures, machine);
        file.write(results);
        System.out.print(Console.summary(results));
        report(results, options);
    }

    /** What no target is about is run once, and so are latencies, which are percentiles of thousands of records already. */
    private List<Cell> turn(int repetition) {
        List<Cell> again = Cells.compared();
        return repetition == 1 ? cells : cells.stream().filter(again::contains).toList();
    }

    private void measure(Cell cell, Turn turn, LatencyRun latency) {
        long begin = System.nanoTime();
        Optional<Run> run = Optional.empty();
        String trouble = "did not end, see its log in " + DIRECTORY.resolve("logs");
        try {
            run = LatencyRun.isFor(cell)
                    ? latency.run(cell)
                    : turn.run(cell, costs).map(result -> Run.of(cell, result));
        } catch (RuntimeException e) {
            // One that fails must not take the others' results with it.
            trouble = "failed: " + e;
        }
        runs.computeIfAbsent(cell, c -> new ArrayList<>()).add(run);
        say(begin, cell.id(), run.map(Console::line).orElse(trouble));
    }

    private void measure(Experiment experiment) {
        long begin = System.nanoTime();
        String outcome;
        try {
            List<Figure> found = experiment.measurement().call();
            figures.addAll(found);
            outcome = found.size() + " figures";
        } catch (Exception e) {
            outcome = "failed: " + e;
        }
        say(begin, experiment.id(), outcome);
    }

    private void say(long begin, String id, @Nullable String outcome) {
        progress.done((System.nanoTime() - begin) / 1e9);
        System.out.printf(Locale.ROOT, "%-26s %-40s %s%n", progress, id, outcome);
    }

    private static void report(Results results, Options options) {
        Report.write(results, DIRECTORY);
        System.out.println("results: " + DIRECTORY.resolve("results.json"));
        System.out.println("report:  " + DIRECTORY.resolve("benchmarks.md"));
        if (options.docs()) {
            Report.write(results, DOCS);
            System.out.println("docs:    " + DOCS.resolve("benchmarks.md"));
        }
        List<String> wrong = results.rows().stream()
                .filter(row -> row.tidemark() && row.wrong())
                .map(Row::contender)
                .toList();
        if (!wrong.isEmpty()) {
            throw new IllegalStateException("not exact: " + wrong);
        }
    }
}
