package dev.tidemark.proof.chaos;

import dev.tidemark.proof.Proof;
import dev.tidemark.proof.ToldFile;
import dev.tidemark.proof.check.Advance;
import dev.tidemark.proof.check.ChainCheck;
import dev.tidemark.proof.check.Facts;
import dev.tidemark.proof.check.ToldCheck.Told;
import dev.tidemark.proof.kit.Transfers;
import dev.tidemark.proof.read.EffectsTable;
import dev.tidemark.proof.read.OffsetStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What the checker needs of a world, as the database has it now. */
public final class Evidence {
    private Evidence() {}

    /** Reads it; {@code ends} are those of the log. */
    public static Proof read(Connection c, World world, Map<Integer, Long> ends) throws SQLException, IOException {
        OffsetStore store = new OffsetStore("tidemark", world.topic(), world.topic());
        List<Advance> advances = world.inGenerations(store.advances(c));
        Facts facts = new Facts(
                new EffectsTable(Transfers.COLUMNS).read(c, world.topic()),
                ChainCheck.stretches(advances),
                world.truth());
        return new Proof(
                facts,
                EffectsTable.totals(c, Transfers.TOTALS),
                advances,
                ends,
                store.positions(c),
                store.lags(c),
                told(world.directory()));
    }

    private static List<Told> told(Path directory) throws IOException {
        List<Told> told = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> f.getFileName().toString().startsWith("told-"))
                    .toList()) {
                told.addAll(ToldFile.read(file));
            }
        }
        return told;
    }
}
