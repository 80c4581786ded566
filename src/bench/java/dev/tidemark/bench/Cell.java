package dev.tidemark.bench;

import dev.tidemark.bench.Records.Spread;
import dev.tidemark.bench.kit.Effect;
import java.util.Locale;

/**
 * One thing to be measured: a contender at a workload.
 *
 * @param workload append, fold, slow or poll
 * @param contender its name in tables
 * @param launch how its process is started
 * @param variant an additional argument of the process
 * @param records so many in all, of which the first two thirds warm up
 */
record Cell(
        String workload,
        String contender,
        Launch launch,
        String variant,
        Effect effect,
        Spread spread,
        int partitions,
        int workers,
        int unitRecords,
        long records) {

    /** What {@code -Dcells} selects by. */
    String id() {
        return workload + "/" + contender + "/" + partitions + "p/" + workers + "w";
    }

    /** The topic that holds its records. */
    String topic() {
        return "flights-" + spread.name().toLowerCase(Locale.ROOT) + "-" + partitions + "p-" + records;
    }

    Cell withWorkers(int count) {
        return new Cell(workload, contender, launch, variant, effect, spread, partitions, count, unitRecords, records);
    }

    Cell withPartitions(int count) {
        return new Cell(workload, contender, launch, variant, effect, spread, count, workers, unitRecords, records);
    }

    Cell withMaxRecords(long count) {
        return new Cell(workload, contender, launch, variant, effect, spread, partitions, workers, unitRecords, count);
    }
}
