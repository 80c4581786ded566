package dev.tidemark.bench;

import dev.tidemark.bench.kit.Effect;
import org.jspecify.annotations.Nullable;

/**
 * A cell's line in the results: medians over its runs. Null where there is nothing to say.
 *
 * @param unitRecords records a transaction
 * @param ratioToLimit of the limit with the same statement, workload and workers
 * @param exact whether the database held the truth after every run; null if a run was stopped before that could be said
 * @param saturated whether most runs were; percentiles are of the others
 * @param rate records sent a second, for latency
 * @param failed runs that did not finish
 */
record Row(
        String workload,
        String contender,
        int partitions,
        int workers,
        @Nullable Double unitRecords,
        @Nullable Double recordsPerSecond,
        @Nullable Double ratioToLimit,
        @Nullable Double p50Ms,
        @Nullable Double p99Ms,
        @Nullable Boolean exact,
        Effect statement,
        @Nullable Double p999Ms,
        @Nullable Double clientCpuSecondsPerMillion,
        @Nullable Double serverCpuSecondsPerMillion,
        @Nullable Double brokerCpuSecondsPerMillion,
        @Nullable Double minRecordsPerSecond,
        @Nullable Double maxRecordsPerSecond,
        int repetitions,
        int failed,
        boolean saturated,
        int saturatedRuns,
        @Nullable Integer rate,
        @Nullable Double producerLagMs) {

    boolean tidemark() {
        return contender.startsWith("tidemark");
    }

    boolean limit() {
        return contender.startsWith("limit");
    }

    /** Anyone else who does the whole job. */
    boolean other() {
        return !tidemark() && !limit();
    }

    /** Whether the database held something else than the truth. */
    boolean wrong() {
        return exact != null && !exact;
    }

    boolean latency() {
        return rate != null;
    }

    /** Records a second; 0 where no run came to its end. */
    double speed() {
        return recordsPerSecond == null ? 0 : recordsPerSecond;
    }

    /** Client and server together, seconds a million records. */
    @Nullable
    Double cpu() {
        return clientCpuSecondsPerMillion == null || serverCpuSecondsPerMillion == null
                ? null
                : clientCpuSecondsPerMillion + serverCpuSecondsPerMillion;
    }

    Row withRatio(@Nullable Double ratio) {
        return new Row(
                workload,
                contender,
                partitions,
                workers,
                unitRecords,
                recordsPerSecond,
                ratio,
                p50Ms,
                p99Ms,
                exact,
                statement,
                p999Ms,
                clientCpuSecondsPerMillion,
                serverCpuSecondsPerMillion,
                brokerCpuSecondsPerMillion,
                minRecordsPerSecond,
                maxRecordsPerSecond,
                repetitions,
                failed,
                saturated,
                saturatedRuns,
                rate,
                producerLagMs);
    }
}
