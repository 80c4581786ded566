package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A schema that cannot hold the offset store is refused by name, before anything is created. */
@Tag("exhaustive")
class SchemaNamesIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    /** The server's own list, so that a word that a new version reserves is missed here. */
    @Test
    void wordsThatTheServerReserves() {
        List<String> reserved = database.query("select word from pg_get_keywords() where catcode <> 'U'");
        assertThat(reserved).hasSizeGreaterThan(140).contains("user", "order", "left", "time");
        for (String word : reserved) {
            assertThatThrownBy(() -> new Schema(word))
                    .as(word)
                    .isInstanceOf(InvalidConfigurationException.class)
                    .hasMessageStartingWith("TM-103")
                    .hasMessageContaining("'" + word + "'");
        }
        for (String word : List.of(
                "pg_offsets", "PG_CATALOG", "information_schema", "INFORMATION_SCHEMA", "Information_Schema", "USER")) {
            assertThatThrownBy(() -> new Schema(word))
                    .hasMessageStartingWith("TM-103")
                    .hasMessageContaining("'" + word + "' is reserved");
        }
        assertThatThrownBy(() -> new Schema("loop")).hasMessageStartingWith("TM-103");
    }

    /** The others may be used in every way in which the migrations use a schema's name, but for those that PL/pgSQL reserves. */
    @Test
    void otherKeywordsAreAllowed() {
        int allowed = 0;
        for (String word : database.query("select word from pg_get_keywords() where catcode = 'U'")) {
            try {
                String name = new Schema(word).name();
                database.owner().execute("create schema " + name);
                database.owner().execute("create table " + name + ".t (a int)");
                database.owner()
                        .execute("do $$ declare r " + name + ".t; n " + name + ".t.a%type; begin insert into " + name
                                + ".t values (1); select * into r from " + name + ".t; update " + name
                                + ".t set a = 2 returning a into n; perform 1 from " + name + ".t; end $$");
                allowed++;
            } catch (InvalidConfigurationException e) {
                assertThat(e).hasMessageStartingWith("TM-103");
            }
        }
        assertThat(allowed).isGreaterThan(300);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create table foreigners.t (n int)",
                "create view foreigners.store_info as select 1 as n",
                "create materialized view foreigners.m as select 1 as n",
                "create sequence foreigners.s",
                "create type foreigners.mood as enum ('good', 'bad')",
                "create domain foreigners.d as int",
                "create function foreigners.f() returns int language sql as 'select 1'"
            })
    void aSchemaThatHoldsObjectsOfOthersIsRefused(String object) {
        database.owner().execute("create schema foreigners", object);
        assertThatThrownBy(() -> TidemarkSchema.migrate(database.owner().dataSource(), "foreigners"))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING))
                .hasMessageContaining("schema foreigners already contains");
    }

    @Test
    void anEmptySchemaIsTaken() {
        database.owner().execute("create schema prepared");
        TidemarkSchema.migrate(database.owner().dataSource(), "prepared");
        TidemarkSchema.migrate(database.owner().dataSource(), "prepared");
        assertThat(database.owner().query("select 1 from prepared.store_info")).containsExactly("1");
    }
}
