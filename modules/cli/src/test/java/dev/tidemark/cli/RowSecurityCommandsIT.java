package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.SqlJobs;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where rows of the store may be hidden, no command says that something is missing, and doctor says which statement ends that. */
@Tag("exhaustive")
class RowSecurityCommandsIT {
    private final StoredGroups store = new StoredGroups().with("etl", "flights", 2);
    private final Cli cli = store.cli();

    @ParameterizedTest
    @ValueSource(strings = {"store_info", "stored_offset", "consumer_pause", "partition_state"})
    void doctorSaysWhatEndsIt(String table) {
        store.database().owner().execute("alter table tidemark." + table + " enable row level security");
        Result doctor = Cli.on(store.database()).run("doctor");
        assertThat(doctor.exitCode()).isEqualTo(ExitCode.FINDINGS);
        String fix = "alter table tidemark." + table + " disable row level security";
        assertThat(doctor.out())
                .contains(
                        "FAIL    row level security: table tidemark." + table
                                + " may hide rows from role tidemark_writer (TM-213)",
                        "fix: as the owner: " + fix + "; or give the role BYPASSRLS",
                        "SKIPPED")
                .doesNotContain("TM-201", "TM-203", "TM-204", "TM-303");
        store.database().owner().execute(fix);
        Result again = Cli.on(store.database()).run("doctor");
        assertThat(again.exitCode()).as(again.out()).isZero();
        assertThat(again.out()).contains("OK      row level security: no table of the store hides rows");
    }

    @Test
    @Provokes(ErrorCode.ROWS_HIDDEN)
    void everyCommandIsRefused() {
        long letter = store.park("etl", "flights", 4, "TM-502");
        for (String table : List.of("topic_binding", "dead_letter")) {
            store.database().owner().execute("alter table tidemark." + table + " enable row level security");
        }
        String file = SqlJobs.file("flights.sql").toString();
        for (List<String> args : List.of(
                List.of("groups"),
                List.of("describe", "etl"),
                List.of("export", "etl"),
                List.of("audit", "etl"),
                List.of("pause", "etl", "--execute"),
                List.of("reset", "etl", "--all-topics", "--to-current"),
                List.of("delete", "etl"),
                List.of("dead-letters", "list", "etl"),
                List.of("dead-letters", "show", "etl", Long.toString(letter)),
                List.of("dead-letters", "drop", "etl", "--all", "--execute"),
                List.of("dead-letters", "redrive", file, "etl", "--all"))) {
            Result result = cli.run(args.toArray(String[]::new));
            assertThat(result.exitCode()).as(args.toString()).isEqualTo(ExitCode.FAILED);
            assertThat(result.out()).isEmpty();
            assertThat(result.err())
                    .as(args.toString())
                    .startsWith("TM-213: row level security")
                    .contains("alter table tidemark.dead_letter disable row level security;"
                            + " alter table tidemark.topic_binding disable row level security")
                    .hasLineCount(1);
        }
    }
}
