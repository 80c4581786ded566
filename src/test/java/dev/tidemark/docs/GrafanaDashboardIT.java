package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The queries of docs/grafana/tidemark.json, run as Grafana would, by a role that may only read. */
@Tag("exhaustive")
@Tag("database")
class GrafanaDashboardIT {
    private static final Set<Integer> NUMBERS =
            Set.of(Types.INTEGER, Types.BIGINT, Types.NUMERIC, Types.DOUBLE, Types.SMALLINT, Types.REAL);

    private final TestDatabase database = Servers.postgres().createDatabase();
    private final String reader = "reader_" + database.name();
    private final JsonNode dashboard = read();

    GrafanaDashboardIT() {
        try (HikariDataSource pool = database.owner().pool(2)) {
            TidemarkSchema.migrate(pool, "store");
        }
        database.superuser()
                .execute(
                        "insert into store.topic_binding (group_id, topic, cluster_id, topic_id, partitions)"
                                + " values ('billing', 'orders', 'c', 't', 3), ('etl', 'flights', 'c', 'u', 1)",
                        "insert into store.stored_offset (group_id, topic, partition, next_offset, owner_token, owner_name) values"
                                + " ('billing', 'orders', 0, 100, gen_random_uuid(), 'host-1'), ('billing', 'orders', 1, 20, null, null),"
                                + " ('billing', 'orders', 2, 7, gen_random_uuid(), 'host-2'), ('etl', 'flights', 0, 5, null, null)",
                        "insert into store.log_end (group_id, topic, partition, log_start, log_end, sampled_at) values"
                                + " ('billing', 'orders', 0, 0, 1100, now()), ('billing', 'orders', 1, 0, 25, now()),"
                                + " ('etl', 'flights', 0, 0, 5, now() - interval '1 hour')",
                        "insert into store.partition_state (group_id, topic, partition, halted_at, error_code, error_text)"
                                + " values ('billing', 'orders', 2, now(), 'TM-502', 'the handler failed')",
                        "insert into store.partition_state (group_id, topic, partition, waiting_since, waiting_epoch,"
                                + " waiting_code, waiting_text) values ('billing', 'orders', 0, now(), 0, 'TM-404', 'a row is locked')",
                        "insert into store.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, error_code, error_class, attempts, parked_by)"
                                + " select 'billing', 'orders', 1, 0, n, 0, 'CreateTime', 'TM-503', 'some.Exception', 1, 'host-1'"
                                + " from generate_series(40, 42) as s(n)",
                        "select store.pause('etl', null, null, 'maintenance')",
                        "select store.reset_offset('billing', 'orders', 1, 10, 'once more')",
                        "create role " + reader,
                        "select store.grant_access('" + reader + "', 'reader')");
    }

    private static JsonNode read() {
        try {
            return new JsonMapper()
                    .readTree(Path.of("docs/grafana/tidemark.json").toFile());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<JsonNode> panels() {
        List<JsonNode> panels = new ArrayList<>();
        dashboard.get("panels").forEach(panels::add);
        return panels;
    }

    /** What Grafana would send to the database. */
    private static String filledIn(String sql) {
        String filled = sql.replace("${schema}", "store")
                .replace("${group:sqlstring}", "'billing','etl'")
                .replaceAll(
                        "\\$__timeFilter\\((\\w+)\\)", "$1 BETWEEN '2020-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'");
        assertThat(filled).as("variables and macros are all replaced").doesNotContain("$");
        return filled;
    }

    /** The columns' names with what they hold, and the rows. */
    private record Answer(Map<String, Integer> columns, List<List<String>> rows) {}

    private Answer ask(String sql) throws SQLException {
        try (Connection c = database.superuser().connect();
                Statement s = c.createStatement()) {
            s.execute("set role " + reader);
            try (ResultSet r = s.executeQuery(filledIn(sql))) {
                ResultSetMetaData meta = r.getMetaData();
                Map<String, Integer> columns = new TreeMap<>();
                for (int i = 1; i <= meta.getColumnCount(); i++) {
                    assertThat(columns.put(meta.getColumnLabel(i), meta.getColumnType(i)))
                            .as("another column " + meta.getColumnLabel(i))
                            .isNull();
                }
                List<List<String>> rows = new ArrayList<>();
                while (r.next()) {
                    List<String> row = new ArrayList<>();
                    for (int i = 1; i <= meta.getColumnCount(); i++) {
                        row.add(String.valueOf(r.getString(i)));
                    }
                    rows.add(row);
                }
                return new Answer(columns, rows);
            }
        }
    }

    private Answer ask(JsonNode panel) throws SQLException {
        return ask(panel.get("targets").get(0).get("rawSql").asText());
    }

    private Answer answer(String title) throws SQLException {
        return ask(panels().stream()
                .filter(panel -> panel.get("title").asText().equals(title))
                .findFirst()
                .orElseThrow());
    }

    @Test
    void everyPanelHasATitleAndOneQueryThatNamesItsColumns() throws SQLException {
        Set<Integer> ids = new HashSet<>();
        Set<String> titles = new HashSet<>();
        for (JsonNode panel : panels()) {
            String title = panel.get("title").asText();
            assertThat(title).isNotBlank();
            assertThat(titles.add(title)).as("another " + title).isTrue();
            assertThat(ids.add(panel.get("id").asInt())).as("id of " + title).isTrue();
            assertThat(panel.get("targets")).as(title).hasSize(1);
            String sql = panel.get("targets").get(0).get("rawSql").asText();
            assertThat(sql).as(title).doesNotContain("select *").contains("${schema}.", "${group:sqlstring}");
            for (String column : ask(panel).columns().keySet()) {
                assertThat(sql).as(title + " names its column").contains(" as \"" + column + "\"");
            }
            for (JsonNode source :
                    List.of(panel.get("datasource"), panel.get("targets").get(0).get("datasource"))) {
                assertThat(source.get("uid").asText()).as(title).isEqualTo("${datasource}");
            }
        }
    }

    @Test
    void everyNumberHasAUnitAndEveryAlarmAThreshold() throws SQLException {
        for (JsonNode panel : panels()) {
            String title = panel.get("title").asText();
            JsonNode defaults = panel.get("fieldConfig").get("defaults");
            Map<String, Integer> columns = ask(panel).columns();
            if (columns.values().stream().anyMatch(NUMBERS::contains)) {
                assertThat(defaults.path("unit").asText())
                        .as("unit of " + title)
                        .isNotBlank();
            }
            if (!panel.get("type").asText().equals("table")) {
                assertThat(defaults.get("thresholds").get("steps").size())
                        .as("steps of " + title)
                        .isGreaterThan(1);
            }
            for (JsonNode override : panel.get("fieldConfig").get("overrides")) {
                assertThat(columns)
                        .as(title)
                        .containsKey(override.get("matcher").get("options").asText());
            }
            columns.keySet().stream()
                    .filter(column -> column.startsWith("Age of"))
                    .forEach(column -> assertThat(panel)
                            .as(title + " shows an age in seconds")
                            .extracting(JsonNode::toString)
                            .asString()
                            .contains("\"unit\",\"value\":\"s\""));
        }
    }

    @Test
    void panelsDoNotOverlap() {
        Set<String> taken = new HashSet<>();
        for (JsonNode panel : panels()) {
            JsonNode at = panel.get("gridPos");
            for (int x = at.get("x").asInt();
                    x < at.get("x").asInt() + at.get("w").asInt();
                    x++) {
                assertThat(x).isLessThan(24);
                for (int y = at.get("y").asInt();
                        y < at.get("y").asInt() + at.get("h").asInt();
                        y++) {
                    assertThat(taken.add(x + "," + y))
                            .as(panel.get("title").asText())
                            .isTrue();
                }
            }
        }
    }

    @Test
    void variablesAreADataSourceASchemaAndTheGroups() throws SQLException {
        JsonNode variables = dashboard.get("templating").get("list");
        assertThat(variables).extracting(v -> v.get("name").asText()).containsExactly("datasource", "schema", "group");
        assertThat(variables.get(1).get("query").asText()).isEqualTo("tidemark");
        assertThat(ask(variables.get(2).get("query").asText()).rows())
                .containsExactly(List.of("billing"), List.of("etl"));
    }

    @Test
    void panelsTellWhatIs() throws SQLException {
        assertThat(answer("Lag").rows()).containsExactly(List.of("1015"));
        assertThat(answer("Lag per group").rows()).containsExactly(List.of("billing", "1015"), List.of("etl", "0"));
        assertThat(answer("Lag per partition").rows())
                .containsExactly(
                        List.of("billing orders-0", "1000"),
                        List.of("billing orders-1", "15"),
                        List.of("etl flights-0", "0"),
                        List.of("billing orders-2", "null"));
        assertThat(answer("Halted partitions").rows()).containsExactly(List.of("1"));
        assertThat(answer("Paused partitions").rows()).containsExactly(List.of("1"));
        assertThat(answer("Free partitions").rows()).containsExactly(List.of("1"));
        assertThat(answer("Dead letters").rows()).containsExactly(List.of("3"));
        assertThat(Double.parseDouble(answer("Age of samples").rows().get(0).get(0)))
                .isBetween(3_600.0, 3_900.0);
        assertThat(answer("Partitions").rows())
                .extracting(row -> row.subList(0, 4))
                .containsExactly(
                        List.of("billing", "orders", "0", "waiting"),
                        List.of("billing", "orders", "1", "free"),
                        List.of("billing", "orders", "2", "halted"),
                        List.of("etl", "flights", "0", "paused"));
        assertThat(answer("Halted or waiting").rows())
                .extracting(row -> List.of(row.get(3), row.get(5), row.get(6)))
                .containsExactly(
                        List.of("halted", "TM-502", "the handler failed"),
                        List.of("waiting", "TM-404", "a row is locked"));
        assertThat(answer("Paused").rows()).extracting(row -> row.get(5)).containsExactly("maintenance");
        assertThat(answer("Dead letters by cause").rows())
                .extracting(row -> row.subList(3, 8))
                .containsExactly(List.of("TM-503", "some.Exception", "3", "40", "42"));
        // The rows that this test inserts are manual moves.
        assertThat(answer("Audit log").rows())
                .extracting(row -> row.get(1))
                .filteredOn(action -> !"manual_move".equals(action))
                .containsExactly("reset", "pause");
    }
}
