package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every SQLSTATE that the server knows is told in words, which are the server's own names. */
@Tag("exhaustive")
class SqlConditionsIT {
    private static final Pattern CONDITION =
            Pattern.compile("(?m)^([0-9A-Z]{5})\\s+[EW]\\s+ERRCODE_\\w+[ \\t]+([a-z]\\w+)\\s*$");

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    private String conditions() throws SQLException {
        try (Connection c = database.superuser().connect();
                Statement s = c.createStatement();
                ResultSet r = s.executeQuery(
                        "select pg_read_file(setting || '/errcodes.txt', 0, 1000000, true) from pg_config where name = 'SHAREDIR'")) {
            r.next();
            String text = r.getString(1);
            assumeTrue(text != null, "this server was installed without errcodes.txt");
            return text;
        }
    }

    @Test
    void allOfTheServers() throws SQLException {
        List<String> expected = new ArrayList<>();
        List<String> told = new ArrayList<>();
        Matcher condition = CONDITION.matcher(conditions());
        while (condition.find()) {
            String state = condition.group(1);
            expected.add("sqlstate=" + state + " (" + condition.group(2).replace('_', ' ') + ")");
            told.add(FailureWords.databaseError(new IllegalStateException(new SQLException("data", state))));
        }
        assertThat(expected).hasSizeGreaterThan(200);
        assertThat(told).containsExactlyElementsOf(expected);
    }

    /** RAISE accepts any text as a name, a record's value as well. */
    @Test
    void whatAFunctionNamesIsNotTold() {
        assertThat(told("do $$ begin raise exception using errcode = '23505', constraint = 'VALUE', table = 'VALUE',"
                        + " column = 'VALUE', datatype = 'VALUE'; end $$"))
                .isEqualTo("sqlstate=23505 (unique violation)");
        database.owner().execute("create table named (n int constraint small check (n < 10))");
        assertThat(told("insert into named values (11)"))
                .isEqualTo("sqlstate=23514 (check violation: constraint small, table named)");
        database.owner().execute("create domain short as varchar(3) constraint long check (length(value) > 1)");
        assertThat(told("select 'x'::short"))
                .isEqualTo("sqlstate=23514 (check violation: constraint long, type short)");
    }

    private String told(String sql) {
        try (Connection c = database.owner().connect();
                Statement s = c.createStatement()) {
            s.execute(sql);
            return "nothing failed";
        } catch (SQLException e) {
            return FailureWords.databaseError(e);
        }
    }
}
