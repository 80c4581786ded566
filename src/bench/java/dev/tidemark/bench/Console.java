package dev.tidemark.bench;

import java.util.Locale;

/** Results as lines for the terminal. */
final class Console {
    private Console() {}

    static String line(Run run) {
        Result r = run.result();
        String exact = !run.checked() ? ", stopped before the truth was there" : r.exact() ? "" : ", NOT EXACT";
        if (run.saturated()) {
            return String.format(Locale.ROOT, "%,11.0f records/s: cannot keep up%s", r.recordsPerSecond(), exact);
        }
        if (LatencyRun.isFor(run.cell())) {
            return String.format(
                    Locale.ROOT,
                    "%,11.0f records/s, p50 %.2f p99 %.2f p99.9 %.2f ms, sent late by %.2f ms%s",
                    r.recordsPerSecond(),
                    r.p50(),
                    r.p99(),
                    r.p999(),
                    run.producerLagMs(),
                    exact);
        }
        return String.format(
                Locale.ROOT,
                "%,11.0f records/s, %,7.0f a unit, cpu s/M: client %.2f server %.2f broker %.2f%s",
                r.recordsPerSecond(),
                r.unitRecords(),
                r.clientCpu(),
                r.serverCpu(),
                r.brokerCpu(),
                exact);
    }

    /** A line for each cell, medians. */
    static String summary(Results results) {
        StringBuilder text = new StringBuilder(String.format(
                "%n%-14s %-20s %4s %3s %12s %9s%n", "workload", "contender", "p", "w", "records/s", "of limit"));
        for (Row row : results.rows()) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-14s %-20s %4d %3d %,12.0f %9s%s%n",
                    row.workload(),
                    row.contender(),
                    row.partitions(),
                    row.workers(),
                    row.speed(),
                    row.ratioToLimit() == null ? "" : String.format(Locale.ROOT, "%.2f", row.ratioToLimit()),
                    details(row)));
        }
        for (Figure figure : results.figures()) {
            text.append(figure.section())
                    .append(": ")
                    .append(figure.name())
                    .append(": ")
                    .append(Tables.number(figure.value(), figure.unit()))
                    .append(System.lineSeparator());
        }
        for (Targets.Target target : Targets.of(results)) {
            if (target.measured() != null) {
                text.append(String.format(
                        Locale.ROOT,
                        "%-8s %s: %s, target %s%n",
                        target.reached() ? "reached" : "MISSED",
                        target.name(),
                        Tables.number(target.measured(), target.unit()),
                        target.target()));
            }
        }
        return text.append('\n').toString();
    }

    private static String details(Row row) {
        String latency = row.p50Ms() == null
                ? ""
                : String.format(
                        Locale.ROOT, "  p50 %.2f p99 %.2f p99.9 %.2f ms", row.p50Ms(), row.p99Ms(), row.p999Ms());
        return latency
                + (row.saturated() ? "  cannot keep up" : "")
                + (row.failed() > 0 ? "  " + row.failed() + " did not end" : "")
                + (row.wrong() ? "  NOT EXACT" : "");
    }
}
