package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.admin.ChangeOptions;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.store.schema.SchemaCheck;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was done by hand to the store's tables, or to the history of its migrations: a migration says how to get out of it. */
@Tag("exhaustive")
class DamagedHistoryIT {
    private static final String HISTORY = "tidemark." + TidemarkSchema.HISTORY_TABLE;

    private final TestDatabase database = Servers.postgres().createDatabase();

    private void run(String... statements) {
        database.owner().execute(statements);
    }

    private Throwable migration() {
        return catchThrowable(database::migrate);
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertDamaged() {
        return assertThat(migration())
                .isInstanceOfSatisfying(
                        TidemarkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SCHEMA_MISSING));
    }

    private void assertWhole() {
        assertThat(migration()).isNull();
        assertThat(TidemarkAdmin.of(database.owner().dataSource()).store().schemaVersion())
                .isEqualTo(SchemaCheck.SCHEMA_VERSION);
    }

    @Test
    void aFailedMigrationInTheHistory() {
        database.migrate();
        run("insert into " + HISTORY + " (installed_rank, version, description, type, script, checksum, installed_by,"
                + " execution_time, success) values (99, '9', 'later', 'SQL', 'V9__later.sql', 1, 'me', 1, false)");
        String wayOut = "delete from " + HISTORY + " where not success";
        assertDamaged().hasMessageContaining("version 9").hasMessageContaining(wayOut);
        run(wayOut);
        assertWhole();
    }

    @Test
    void anEmptyHistoryBesideAStore() {
        database.migrate();
        run("truncate " + HISTORY);
        String wayOut = "drop table " + HISTORY;
        assertDamaged()
                .hasMessageContaining("version " + SchemaCheck.SCHEMA_VERSION)
                .hasMessageContaining(wayOut);
        run(wayOut);
        assertWhole();
    }

    @Test
    void aHistoryThatIsNotTheMigrations() {
        database.migrate();
        run("update " + HISTORY + " set checksum = 1 where version = '2'");
        assertDamaged().hasMessageContaining("does not accept the history");
    }

    @ParameterizedTest
    @ValueSource(strings = {"store_info", "log_end", "dead_letter"})
    void aTableThatWasDropped(String table) {
        database.migrate();
        run("drop table tidemark." + table + " cascade");
        assertDamaged().hasMessageContaining(table).hasMessageContaining("restore it");
        // Also where a script has made the store.
        run("drop table " + HISTORY);
        assertDamaged().hasMessageContaining(table).hasMessageContaining("restore it");
        run("drop schema tidemark cascade");
        assertWhole();
    }

    @Test
    void aRowThatWasDeleted() {
        database.migrate();
        run("delete from tidemark.store_info");
        String wayOut = "insert into tidemark.store_info (schema_version, min_protocol) values ("
                + SchemaCheck.SCHEMA_VERSION + ", 1)";
        assertDamaged().hasMessageContaining("has no row").hasMessageContaining(wayOut);
        run(wayOut);
        assertWhole();
    }

    @Test
    void aFunctionThatWasDropped() {
        database.migrate();
        run("drop function tidemark.pause(text, text, integer, text)");
        run("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{10}')");
        TidemarkAdmin admin = TidemarkAdmin.of(database.owner().dataSource());
        assertThat(catchThrowable(
                        () -> admin.execute(admin.planPause("etl", PartitionSelection.all()), ChangeOptions.none())))
                .hasMessageStartingWith("TM-201")
                .hasMessageContaining("tidemark migrate --print");
    }

    /** Tables of others are still theirs, also if one has a name of ours. */
    @Test
    void aSchemaOfOthers() {
        run(
                "create schema tidemark",
                "create table tidemark.dead_letter (a int)",
                "create table tidemark.theirs (a int)");
        assertThat(migration()).hasMessageStartingWith("TM-103").hasMessageContaining("of others");
    }
}
