package dev.tidemark.bench;

import dev.tidemark.bench.scale.AtRest;
import dev.tidemark.bench.scale.BoundedHeap;
import dev.tidemark.bench.scale.DatabaseCost;
import dev.tidemark.bench.scale.Experiments;
import dev.tidemark.bench.scale.Lab;
import dev.tidemark.bench.scale.ManyPartitionsClaimed;
import dev.tidemark.bench.scale.ManyPartitionsPolling;
import dev.tidemark.bench.scale.RebalancePause;
import dev.tidemark.bench.scale.StoredOffsetCost;
import dev.tidemark.bench.scale.UnitCost;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The experiments on many partitions, heap, rebalances and the size of {@code stored_offset}, as figures. */
final class ScaleFigures {
    private static final double MEGA = 1e6;

    /** Each runs with servers of its own, so that none starts on what another has left. */
    private interface Work {
        List<Figure> figures(Experiments experiments) throws Exception;
    }

    private ScaleFigures() {}

    static List<Experiment> all() {
        return List.of(
                experiment("scale/claimed", 50, e -> claimed((ManyPartitionsClaimed.Figures) e.run("claimed"))),
                experiment("scale/unit", 40, e -> unit((UnitCost.Figures) e.run("unit"))),
                experiment("scale/at-rest", 85, e -> atRest((AtRest.Figures) e.run("at-rest"))),
                experiment("scale/polling", 70, e -> polling((Map<?, ?>) e.run("polling"))),
                experiment("scale/heap", 50, e -> heap((Map<?, ?>) e.run("heap"))),
                experiment("scale/rebalance", 130, e -> rebalance((RebalancePause.Figures) e.run("rebalance"))),
                experiment(
                        "scale/stored-offset",
                        45,
                        e -> storedOffset((StoredOffsetCost.Figures) e.run("stored-offset"))),
                experiment(
                        "scale/stored-offset-million",
                        60,
                        e -> million((DatabaseCost) e.run("stored-offset-million"))));
    }

    private static Experiment experiment(String id, int seconds, Work work) {
        return new Experiment(id, seconds, () -> {
            Path directory = Servers.directory("bench-scale");
            try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
                    KafkaServer kafka = KafkaServer.startStrong(directory.resolve("kafka"))) {
                return work.figures(new Experiments(new Lab(kafka, postgres, directory, line -> {})));
            }
        });
    }

    private static List<Figure> unit(UnitCost.Figures found) {
        List<Figure> figures = new ArrayList<>();
        String name =
                "begin, advance and commit of a unit with %d partition(s), %s, against upsert and commit of a loop";
        new TreeMap<>(found.kept()).forEach((partitions, micros) -> {
            Figure figure = scale(name.formatted(partitions, "prepared on the server"), micros / found.loop(), "times");
            figures.add(partitions == 1 ? figure.atMost(2.5) : figure);
        });
        new TreeMap<>(found.planned())
                .forEach((partitions, micros) -> figures.add(scale(
                        name.formatted(partitions, "planned each time, as behind a pooler"),
                        micros / found.loop(),
                        "times")));
        figures.add(scale("upsert and commit of a loop, without waiting for the disk", found.loop(), "µs"));
        return figures;
    }

    private static List<Figure> atRest(AtRest.Figures found) {
        String name = "statements a minute of a consumer with %d partitions and nothing to read"
                .formatted(found.partitions());
        return List.of(scale(name, (double) found.statements(), "").atMost(40));
    }

    private static List<Figure> claimed(ManyPartitionsClaimed.Figures found) {
        List<Figure> figures = new ArrayList<>();
        String store = "%,d partitions claimed, in the database".formatted(found.partitions());
        figures.add(scale(store, found.store().seconds(), "s").atMost(1));
        figures.add(scale(store + ", the very first time", found.store().firstSeconds(), "s"));
        figures.add(scale(store + ", statements", (double) found.store().statements(), ""));
        found.consumers().forEach((protocol, c) -> {
            String whole = "%,d partitions claimed by a consumer, protocol %s".formatted(c.partitions(), protocol);
            figures.add(scale(whole, c.seconds(), "s"));
            figures.add(scale(whole + ", statements", (double) c.statements(), ""));
        });
        return figures;
    }

    private static List<Figure> polling(Map<?, ?> found) {
        List<Figure> figures = new ArrayList<>();
        found.forEach((protocol, value) -> {
            ManyPartitionsPolling.Figures f = (ManyPartitionsPolling.Figures) value;
            String who = "%,d partitions polled, protocol %s: ".formatted(f.partitions(), protocol);
            figures.add(scale(who + "rate", f.recordsPerSecond(), "records/s"));
            figures.add(scale(who + "slowest second", f.slowestSecond(), "records/s"));
            figures.add(scale(who + "heap per partition", f.heapBytesPerPartition() / 1e3, "kB"));
            figures.add(scale(who + "poll thread when idle", 100 * f.idlePollCpuShare(), "% of a core"));
        });
        return figures;
    }

    private static List<Figure> heap(Map<?, ?> found) {
        List<Figure> figures = new ArrayList<>();
        found.forEach((protocol, value) -> {
            BoundedHeap.Figures f = (BoundedHeap.Figures) value;
            String who = "%,d partitions, slow handler, backlog of %.0f MB, protocol %s: "
                    .formatted(f.partitions(), f.backlogBytes() / MEGA, protocol);
            figures.add(scale(who + "heap when empty", f.emptyHeap() / MEGA, "MB"));
            figures.add(
                    scale(who + "buffer and fetches, as configured", (f.boundBytes() - f.emptyHeap()) / MEGA, "MB"));
            figures.add(
                    scale(who + "peak of the heap", f.peakHeap() / MEGA, "MB").atMost(f.boundBytes() / MEGA));
        });
        return figures;
    }

    private static List<Figure> rebalance(RebalancePause.Figures found) {
        List<Figure> figures = new ArrayList<>();
        found.protocols().forEach((protocol, f) -> {
            String who = "rebalance, protocol " + protocol + ": ";
            figures.add(scale(who + "longest gap without one", f.quiet(), "ms"));
            pauses(figures, who + "a member joins", f.join());
            pauses(figures, who + "a member leaves", f.leave());
        });
        return figures;
    }

    private static void pauses(List<Figure> figures, String what, RebalancePause.Pauses pauses) {
        if (!Double.isNaN(pauses.staying())) {
            figures.add(scale(what + ", a partition that stays", pauses.staying(), "ms"));
        }
        if (!Double.isNaN(pauses.moving())) {
            figures.add(scale(what + ", a partition that moves", pauses.moving(), "ms"));
        }
    }

    private static List<Figure> storedOffset(StoredOffsetCost.Figures f) {
        String who = "stored_offset after %,d units on %,d partitions: ".formatted(f.units(), f.partitions());
        Double hot = f.cost().hotShare();
        return List.of(
                scale(who + "heap-only updates", hot == null ? 0 : 100 * hot, "%")
                        .atLeast(100),
                scale(who + "most bytes, with its index", f.mostBytes() / MEGA, "MB")
                        .atMost(1),
                scale(who + "units", f.unitsPerSecond(), "units/s"));
    }

    private static List<Figure> million(DatabaseCost cost) {
        String who = "stored_offset after %,d units: ".formatted(cost.records());
        return List.of(
                scale(who + "heap-only updates", 100 * cost.hotShare(), "%").atLeast(100),
                scale(who + "size with its index", cost.storedOffsetBytes() / MEGA, "MB")
                        .atMost(1));
    }

    private static Figure scale(String name, double value, String unit) {
        return Figure.of(Figure.SCALE, name, value, unit);
    }
}
