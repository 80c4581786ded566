package dev.tidemark.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Measures everything, or with {@code -Dcells=} a part of it. */
public final class Bench {
    private Bench() {}

    public static void main(String[] args) {
        Pattern wanted = Pattern.compile(pattern(System.getProperty("cells", "*")));
        int repetitions = Integer.getInteger("repetitions", 3);
        List<Cell> cells = Cells.all().stream()
                .filter(cell -> wanted.matcher(cell.id()).matches())
                .toList();
        Map<Cell, List<Result>> results = new LinkedHashMap<>();
        try (Rig rig = new Rig()) {
            Turn turn = new Turn(rig, new ClassPaths());
            for (int repetition = 1; repetition <= repetitions; repetition++) {
                for (Cell cell : cells) {
                    Optional<Result> result = turn.run(cell);
                    result.ifPresent(r -> results.computeIfAbsent(cell, c -> new ArrayList<>())
                            .add(r));
                    System.out.printf(
                            Locale.ROOT,
                            "%d/%d %-44s %s%n",
                            repetition,
                            repetitions,
                            cell.id(),
                            result.map(Bench::line).orElse("did not end"));
                }
            }
        }
    }

    private static String line(Result r) {
        return String.format(
                Locale.ROOT,
                "%,11.0f records/s, %,7.0f a unit, cpu s/M: client %.2f server %.2f broker %.2f%s",
                r.recordsPerSecond(),
                r.unitRecords(),
                r.clientCpu(),
                r.serverCpu(),
                r.brokerCpu(),
                r.exact() ? "" : ", NOT EXACT");
    }

    /** Globs, separated by commas. */
    private static String pattern(String globs) {
        return java.util.Arrays.stream(globs.split(","))
                .map(glob -> java.util.Arrays.stream(glob.split("\\*", -1))
                        .map(Pattern::quote)
                        .collect(Collectors.joining(".*")))
                .collect(Collectors.joining("|"));
    }
}
