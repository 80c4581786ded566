package dev.tidemark.bench;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Everything that a report is made of. */
record Results(List<Row> rows, List<Figure> figures, Map<String, String> machine) {
    List<Row> workload(String name) {
        return rows.stream().filter(row -> row.workload().equals(name)).toList();
    }

    /** The rates at which latency was measured, lowest first. */
    List<Integer> rates() {
        return rows.stream()
                .filter(Row::latency)
                .map(Row::rate)
                .distinct()
                .sorted()
                .toList();
    }

    /** Rows that compete: neither latency nor polling alone. */
    Stream<Row> throughput() {
        return rows.stream().filter(row -> !row.latency() && !row.workload().equals("poll"));
    }
}
