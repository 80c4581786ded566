package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code migrate --print}, and what works on the schema that its SQL makes. */
@Tag("database")
@Tag("exhaustive")
class PrintedSchemaIT {
    private static final Cli NO_DATABASE = Cli.with(Map.of());

    private static String doctor(TestDatabase database) {
        Result doctor = Cli.on(database).run("doctor");
        return doctor.exitCode()
                + "\n"
                + doctor.out()
                        .lines()
                        .filter(line -> !line.contains("max_connections"))
                        .reduce("", (a, b) -> a + "\n" + b)
                        .replaceAll("store id \\S+", "store id");
    }

    @Tag("exhaustive")
    @Test
    void doctorAndMigrateTreatItAsAnyOther() {
        Result printed = NO_DATABASE.run("migrate", "--print");
        assertThat(printed.err()).isEmpty();
        assertThat(printed.exitCode()).isZero();
        assertThat(printed.out()).isEqualTo(TidemarkSchema.script());

        TestDatabase byScript = Servers.postgres().createDatabase();
        byScript.owner().execute(printed.out());
        byScript.grantAccess("tidemark");
        TestDatabase byFlyway = Servers.postgres().createDatabase();
        byFlyway.migrate();
        String healthy = doctor(byFlyway);
        assertThat(healthy).contains("OK      version: schema tidemark has version");
        assertThat(doctor(byScript)).isEqualTo(healthy);

        Result migrated = Cli.on(byScript).run("migrate");
        assertThat(migrated.err()).isEmpty();
        assertThat(migrated.exitCode()).isZero();
        assertThat(doctor(byScript)).isEqualTo(healthy);
    }

    @Test
    void aVersionToStartFromAndAnotherSchema() {
        Result printed = NO_DATABASE.run("migrate", "--print", "--from", "7", "--schema", "berlin_offsets");
        assertThat(printed.exitCode()).isZero();
        assertThat(printed.out()).isEqualTo(TidemarkSchema.script("berlin_offsets", 7));
    }

    @Test
    void whatCannotBePrintedIsRefused() {
        Result unknown = NO_DATABASE.run("migrate", "--print", "--from", "99");
        assertThat(unknown.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(unknown.err())
                .startsWith("TM-103")
                .contains("'99' is not a whole number from 0 to " + TidemarkSchema.VERSION)
                .hasLineCount(1);
        Result alone = NO_DATABASE.run("migrate", "--from", "7");
        assertThat(alone.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(alone.err()).startsWith("TM-103").contains("add --print").hasLineCount(1);
        Result name = NO_DATABASE.run("migrate", "--print", "--schema", "No Name");
        assertThat(name.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(name.out()).isEmpty();
        assertThat(name.err()).startsWith("TM-103").contains("No Name");
    }
}
