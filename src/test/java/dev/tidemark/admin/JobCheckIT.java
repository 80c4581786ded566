package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.sql.StatementFailedException;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The server checks a SQL job, and nothing is run. */
@Tag("exhaustive")
class JobCheckIT {
    private static final SqlJob GOOD = SqlJob.of("insert into applied (topic) select topic from records");

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    private final TidemarkAdmin admin =
            TidemarkAdmin.of(database.as(DatabaseRole.WRITER).dataSource());

    @Test
    void aGoodJobIsNotRun() {
        admin.check(GOOD);
        assertThat(database.query("select 1 from applied")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select nothing from records",
                "select 'x'::int from records",
                "select from from records",
                "select 1 from missing, records",
                "insert into applied (partition) select topic from records"
            })
    void whatTheServerRefusesIsInvalid(String wrong) {
        SqlJob job = SqlJob.of("select 1 from records;\n" + wrong);
        assertThatThrownBy(() -> admin.check(job))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasCauseInstanceOf(StatementFailedException.class)
                .hasMessageStartingWith(ErrorCode.INVALID_SETTING.code())
                .hasMessageContaining("statement 2 at line 2");
    }

    @Test
    void aDatabaseThatIsUnreachableSaysNothingOfTheJob() {
        PGSimpleDataSource nowhere = new PGSimpleDataSource();
        nowhere.setPortNumbers(new int[] {1});
        assertThatThrownBy(() -> TidemarkAdmin.of(nowhere).check(GOOD))
                .hasMessageStartingWith(ErrorCode.DATABASE_UNAVAILABLE.code());
    }
}
