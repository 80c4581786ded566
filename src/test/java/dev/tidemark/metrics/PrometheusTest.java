package dev.tidemark.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitTimes;
import dev.tidemark.errors.ErrorCode;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Prometheus, which is strict about names and labels, takes all meters; and the docs list them. */
class PrometheusTest {
    private static final TopicPartition P0 = new TopicPartition("flights", 0);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final TidemarkMetrics metrics = TidemarkMetrics.to(registry);
    private final TidemarkConsumer consumer = Tidemark.consumer(
                    Map.of("bootstrap.servers", "localhost:1", "group.id", "etl"))
            .topics("flights")
            .database(new PGSimpleDataSource())
            .handle((record, tx) -> {});

    private void tellEverything(String group) {
        metrics.unitEnded(new TidemarkListener.Unit(
                group,
                TidemarkListener.Outcome.COMMITTED,
                Map.of(P0, 7),
                new UnitTimes(
                        Duration.ofMillis(1),
                        Duration.ofMillis(2),
                        Duration.ofMillis(3),
                        Duration.ofMillis(4),
                        Duration.ofMillis(5))));
        TidemarkListener.RecordsGivenUp given =
                new TidemarkListener.RecordsGivenUp(group, P0, 3, 2, Optional.of(ErrorCode.HANDLER_FAILED));
        metrics.parked(given);
        metrics.skipped(given);
        metrics.claimLost(new TidemarkListener.ClaimLost(group, P0, ErrorCode.FENCED));
        metrics.claimed(new TidemarkListener.Claimed(group, Map.of(P0, Duration.ofMillis(20))));
        metrics.rebalanced(new TidemarkListener.Rebalance(group, TidemarkListener.Rebalance.Kind.ASSIGNED, Set.of(P0)));
    }

    @Test
    void allMetersAreTakenAndLeft() {
        metrics.started(consumer, Map::of);
        tellEverything("etl");
        tellEverything("another group, of which nothing runs here");
        assertThat(registry.scrape())
                .contains("tidemark_records_total{group=\"etl\",topic=\"flights\"} 7.0")
                .contains("tidemark_units_total{group=\"etl\",outcome=\"committed\"} 1.0")
                .contains("tidemark_units_total{group=\"etl\",outcome=\"in_doubt\"} 0.0")
                .contains("tidemark_unit_size_records_sum{group=\"etl\"} 7.0")
                .contains("tidemark_unit_time_seconds_sum{group=\"etl\",phase=\"advance\"} 0.004")
                .contains("tidemark_parked_total{group=\"etl\",topic=\"flights\"} 2.0")
                .contains("tidemark_skipped_total{group=\"etl\",topic=\"flights\"} 2.0")
                .contains("tidemark_fences_total{code=\"TM-401\",group=\"etl\"} 1.0")
                .contains("tidemark_claim_wait_seconds_count{group=\"etl\"} 1")
                .contains("tidemark_lag{group=\"etl\",partition=\"0\",topic=\"flights\"} NaN")
                .contains("tidemark_partitions{group=\"etl\",state=\"halted\"} 0.0")
                .contains("tidemark_live{group=\"etl\"} 1.0")
                .contains("tidemark_ready{group=\"etl\"} 0.0")
                .doesNotContain("another group");
        metrics.stopped(consumer);
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void theDocsListThem() throws Exception {
        metrics.started(consumer, Map::of);
        tellEverything("etl");
        Set<String> listed = new TreeSet<>();
        Matcher rows =
                Pattern.compile("\\| `(tidemark\\.[a-z.]+)` \\|").matcher(Files.readString(Path.of("docs/observe.md")));
        while (rows.find()) {
            listed.add(rows.group(1));
        }
        List<String> names = registry.getMeters().stream()
                .map(meter -> meter.getId().getName())
                .distinct()
                .toList();
        assertThat(listed).containsExactlyInAnyOrderElementsOf(names);
    }
}
