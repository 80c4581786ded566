package dev.tidemark.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What the system properties ask for.
 *
 * @param cells globs, separated by commas
 * @param docs whether the report goes to docs/ too
 */
record Options(String cells, int repetitions, boolean docs) {
    private static final String HELP = "help";
    private static final String REPORT = "report";

    static Options fromSystem() {
        int repetitions = Integer.getInteger("repetitions", 2);
        if (repetitions < 1) {
            throw new IllegalArgumentException("-Drepetitions must be at least 1, not " + repetitions);
        }
        return new Options(System.getProperty("cells", "*"), repetitions, Boolean.getBoolean("bench.docs"));
    }

    boolean isHelp() {
        return cells.equals(HELP);
    }

    /** Whether nothing is measured and the report is written again from the files of an earlier run. */
    boolean isReportOnly() {
        return cells.equals(REPORT);
    }

    /** The ids that a glob matches. Each glob must match something. */
    Set<String> select(List<String> ids) {
        Set<String> wanted = new LinkedHashSet<>();
        List<String> idle = new ArrayList<>();
        for (String glob : globs()) {
            Pattern pattern = pattern(glob);
            List<String> matched =
                    ids.stream().filter(pattern.asMatchPredicate()).toList();
            if (matched.isEmpty()) {
                idle.add(glob);
            }
            wanted.addAll(matched);
        }
        if (!idle.isEmpty()) {
            throw new IllegalArgumentException(
                    "-Dcells: nothing matches " + String.join(", ", idle) + ". There are:\n" + list(ids));
        }
        return wanted;
    }

    /** One id a line. */
    static String list(List<String> ids) {
        return ids.stream().map(id -> "  " + id).collect(Collectors.joining("\n"));
    }

    private List<String> globs() {
        return Arrays.stream(cells.split(",")).map(String::strip).toList();
    }

    private static Pattern pattern(String glob) {
        return Pattern.compile(
                Arrays.stream(glob.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
    }
}
