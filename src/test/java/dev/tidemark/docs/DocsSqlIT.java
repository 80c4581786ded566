package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The SQL in the docs for operators is run as it is written there. */
@Tag("database")
class DocsSqlIT {
    private static final Pattern BLOCK = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);

    private final TestDatabase database = Servers.postgres().createDatabase();

    private static List<String> blocks(String page) throws IOException {
        return BLOCK.matcher(Files.readString(Path.of("docs", page)))
                .results()
                .map(block -> block.group(1))
                .toList();
    }

    @Test
    void whatOperatorsRun() throws IOException {
        database.migrate();
        database.owner()
                .execute(
                        "create table flight (partition int, record_offset bigint)",
                        "insert into flight values (0, 1199), (0, 1200)",
                        "select tidemark.bind_topic('flights-etl', 'flights', 'cluster', 'id', array[1500, 1500])");
        for (String sql : blocks("operate.md")) {
            long change = database.number("select max(change_id) from tidemark.audit_log where action = 'reset'");
            database.execute(sql.replace("undo_reset(17,", "undo_reset(" + change + ","));
        }
        assertThat(database.query("select record_offset from flight")).containsExactly("1199");
        assertThat(database.query(
                        "select action from tidemark.audit_log where group_id = 'flights-etl' and action <> 'bind'"
                                + " order by id"))
                .containsExactly("reset", "pause", "pause", "resume", "resume", "reset", "undo");
        assertThat(database.query("select partition, next_offset from tidemark.stored_offset order by 1"))
                .containsExactly("0|1500", "1|1500");
    }

    @Test
    void whatOwnersRun() throws IOException {
        List<String> blocks = blocks("roles.md");
        assertThat(blocks).hasSize(2);
        // Roles belong to the whole server.
        database.superuser().execute(named(blocks.get(1)), "create role " + named("grafana"));
        DatabaseLogin owner = new DatabaseLogin(
                named("tidemark_owner"),
                database.superuser().jdbcUrl() + "&options=-c%20role=" + named("tidemark_owner"));
        try (var pool = owner.pool(2)) {
            TidemarkSchema.migrate(pool);
        }
        owner.execute(named(blocks.get(0)));
        assertThat(owner.query(
                        "select has_table_privilege('" + named("grafana") + "', 'tidemark.consumer_lag', 'select')"))
                .containsExactly("t");
    }

    private String named(String sql) {
        return sql.replaceAll("tidemark_owner|flights_etl|oncall|grafana", "$0_" + database.name());
    }
}
