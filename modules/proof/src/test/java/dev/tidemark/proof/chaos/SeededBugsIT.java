package dev.tidemark.proof.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.proof.chaos.fault.Faults;
import dev.tidemark.proof.chaos.report.ResultFiles;
import dev.tidemark.proof.seeded.Bug;
import dev.tidemark.proof.seeded.SeededMember;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The proof of the checker and the harness: a consumer with a bug is caught, in a cell that is named; the same without it passes. */
@Tag("seeded")
@Execution(ExecutionMode.SAME_THREAD)
class SeededBugsIT {
    private static final Servers SERVERS = new Servers();

    /** Started for the first cell that can share them. */
    private static final class Servers {
        private ServerPair pair;

        ServerPair get() {
            if (pair == null) {
                pair = ServerPair.start();
            }
            return pair;
        }
    }

    @AfterAll
    static void close() {
        if (SERVERS.pair != null) {
            SERVERS.pair.close();
            SERVERS.pair = null;
        }
    }

    private static CellResult run(Bug bug, String name) throws Exception {
        Cell cell = Cell.matrix(Faults.all()).stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
        RunSettings settings = RunSettings.given(6)
                .with(SeededMember.class, Map.of("bug", bug.name()))
                .patient(bug == Bug.NONE ? Duration.ofMinutes(4) : Duration.ofMinutes(1));
        CellResult result;
        if (cell.fault().needsOwnServers()) {
            try (ServerPair own = ServerPair.start()) {
                result = new CellRun(cell, settings).run(own);
            }
        } else {
            try {
                result = new CellRun(cell, settings).run(SERVERS.get());
            } catch (RuntimeException e) {
                close();
                throw e;
            }
        }
        System.out.println(bug + " in " + name + ": " + result.verdict());
        result.findings().forEach(finding -> System.out.println("    " + finding.line()));
        new ResultFiles(Path.of(System.getProperty("results", "target/chaos-results"), "seeded", bug.name()))
                .write(result);
        return result;
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aBugIsCaught(Bug bug) throws Exception {
        CellResult result = run(bug, bug.cell());
        Set<String> caught = new LinkedHashSet<>(result.violated());
        caught.retainAll(bug.caughtBy());
        assertThat(caught).as("what found %s: %s", bug, result.findings()).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "F1/cooperative/many",
                "F2/cooperative/many",
                "F9/cooperative/many",
                "F13/cooperative/many",
                "F16/cooperative/many",
                "F17/cooperative/many"
            })
    void theSameWithoutABugPasses(String cell) throws Exception {
        CellResult result = run(Bug.NONE, cell);
        assertThat(result.isExact()).as("%s", List.copyOf(result.findings())).isTrue();
    }
}
