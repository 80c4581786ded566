package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A role that is called like the schema puts its tables into it; doctor says so, and its fixes work. */
@Tag("exhaustive")
class DoctorNamespaceIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    /** Of the schema and of a role. */
    private final String name = Servers.unique("same").replace('-', '_');

    private final DatabaseLogin namesake = database.as(name);

    @BeforeEach
    void store() {
        try (HikariDataSource pool = database.owner().pool(2)) {
            TidemarkSchema.migrate(pool, name);
        }
        database.grantAccess(name);
        database.superuser()
                .execute(
                        "create role " + name + " login password '" + Canary.PASSWORD.plant() + "'",
                        "select " + name + ".grant_access('" + name + "', 'writer')",
                        "grant create on schema " + name + " to " + name,
                        "grant create on schema public to " + name);
    }

    @AfterEach
    void removed() {
        database.superuser().execute("drop owned by " + name + " cascade", "drop role " + name);
    }

    private List<JsonNode> warnings(DatabaseLogin login, String check) throws IOException {
        Result result = Cli.with(Map.of("TIDEMARK_JDBC_URL", login.jdbcUrl(), "TIDEMARK_SCHEMA", name))
                .run("doctor", "-o", "json");
        List<JsonNode> warnings = new ArrayList<>();
        for (JsonNode finding : new ObjectMapper().readTree(result.out())) {
            if (finding.get("section").asText().equals("schema")
                    && finding.get("check").asText().equals(check)) {
                if (finding.get("verdict").asText().equals("warn")) {
                    warnings.add(finding);
                } else {
                    assertThat(finding.get("verdict").asText()).isEqualTo("ok");
                }
            }
        }
        assertThat(result.exitCode()).as(result.out()).isIn(0, 4);
        return warnings;
    }

    @Test
    void aRoleThatIsCalledLikeTheSchema() throws IOException {
        assertThat(warnings(namesake, "objects")).isEmpty();
        List<JsonNode> own = warnings(namesake, "search path");
        assertThat(own).hasSize(1);
        assertThat(own.get(0).get("finding").asText()).contains("role " + name, "schema " + name);
        assertThat(warnings(database.writer(), "search path"))
                .as("others see it too")
                .hasSize(1);

        namesake.execute("create table mistaken (id int)");
        assertThat(database.superuser().query("select schemaname from pg_tables where tablename = 'mistaken'"))
                .containsExactly(name);
        List<JsonNode> strangers = warnings(database.reader(), "objects");
        assertThat(strangers).hasSize(1);
        assertThat(strangers.get(0).get("finding").asText()).startsWith("table " + name + ".mistaken ");

        namesake.execute(
                own.get(0).get("fix").asText(), strangers.get(0).get("fix").asText());
        assertThat(warnings(namesake, "search path")).isEmpty();
        assertThat(warnings(database.writer(), "search path")).isEmpty();
        assertThat(warnings(namesake, "objects")).isEmpty();
        namesake.execute("create table intended (id int)");
        assertThat(database.superuser()
                        .query("select schemaname from pg_tables where tablename in ('mistaken', 'intended')"))
                .containsExactly("public", "public");
    }

    @Test
    void whatMakesItHarmless() throws IOException {
        database.superuser()
                .execute("alter role " + name + " in database " + database.name() + " set search_path = public");
        assertThat(warnings(database.writer(), "search path")).isEmpty();
        database.superuser()
                .execute(
                        "alter role " + name + " in database " + database.name() + " reset search_path",
                        "alter role " + name + " nologin");
        assertThat(warnings(database.writer(), "search path")).isEmpty();
    }

    @Test
    void anotherRoleWhoseSearchPathBeginsThere() throws IOException {
        database.superuser()
                .execute(
                        "alter role " + name + " set search_path = public",
                        "alter database " + database.name() + " set search_path = " + name + ", public");
        List<JsonNode> warnings = warnings(database.as(DatabaseRole.OPERATOR), "search path");
        assertThat(warnings).hasSize(1);
        assertThat(warnings.get(0).get("finding").asText()).contains("role tidemark_operator");
    }

    @Test
    void whateverIsInIt() throws IOException {
        List<String> made = List.of(
                "create table {}.\"Odd table\" (id serial)",
                "create view {}.v as select 1 as one",
                "create materialized view {}.m as select 1 as one",
                "create sequence {}.s",
                "create type {}.composite as (a int)",
                "create domain {}.d as int",
                "create type {}.e as enum ('a')",
                "create function {}.f(a int, b text) returns int language sql as 'select 1'",
                "create function {}.pause(a text) returns int language sql as 'select 1'",
                "create procedure {}.p(a int) language sql as 'select 1'");
        made.forEach(sql -> database.superuser().execute(sql.replace("{}", name)));
        List<JsonNode> strangers = warnings(database.reader(), "objects");
        assertThat(strangers.stream()
                        .map(found -> found.get("finding").asText().replaceFirst(" is in the schema.*", "")))
                .containsExactlyInAnyOrder(
                        "table " + name + ".\"Odd table\"",
                        "view " + name + ".v",
                        "materialized view " + name + ".m",
                        "sequence " + name + ".s",
                        "type " + name + ".composite",
                        "domain " + name + ".d",
                        "type " + name + ".e",
                        "function " + name + ".f(integer, text)",
                        "function " + name + ".pause(text)",
                        "procedure " + name + ".p(integer)");
        strangers.forEach(found -> database.superuser().execute(found.get("fix").asText()));
        assertThat(warnings(database.reader(), "objects")).isEmpty();
    }
}
