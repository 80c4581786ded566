package dev.tidemark.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** What one run of a cell's process measured. Null where there is nothing to say. */
record Result(
        @JsonProperty("records") long records,
        @JsonProperty("records_per_second") double recordsPerSecond,
        @JsonProperty("unit_records") double unitRecords,
        @JsonProperty("cpu_seconds_per_million") double clientCpu,
        @JsonProperty("p50_ms") @Nullable Double p50,
        @JsonProperty("p99_ms") @Nullable Double p99,
        @JsonProperty("p999_ms") @Nullable Double p999,
        double serverCpu,
        double brokerCpu,
        boolean exact) {
    Result with(double server, double broker, boolean isExact) {
        return new Result(records, recordsPerSecond, unitRecords, clientCpu, p50, p99, p999, server, broker, isExact);
    }
}
