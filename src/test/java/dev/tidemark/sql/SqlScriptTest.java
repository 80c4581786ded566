package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where statements end, where the unit is put into them, and what is refused. */
class SqlScriptTest {
    private static List<String> texts(String sql) {
        return SqlScript.parse(sql).stream().map(s -> s.text().strip()).toList();
    }

    private static String with(String sql) {
        return SqlScript.parse(sql).get(0).with("records as (x)").strip();
    }

    private static boolean mentions(String sql) {
        return SqlScript.parse(sql).get(0).mentionsRecords();
    }

    @Test
    void statementsEndAtSemicolonsThatStandAlone() {
        assertThat(texts("select 1; select 2;")).containsExactly("select 1", "select 2");
        assertThat(texts(";;select 1;\n;-- nothing\n;")).containsExactly("select 1");
        assertThat(texts("select ';', 2")).containsExactly("select ';', 2");
        assertThat(texts("select 'it''s;'; select 2")).containsExactly("select 'it''s;'", "select 2");
        assertThat(texts("select '\\'; select 2")).containsExactly("select '\\'", "select 2");
        assertThat(texts("select e'\\';'; select E'\\\\'; select 3"))
                .containsExactly("select e'\\';'", "select E'\\\\'", "select 3");
        assertThat(texts("select date'2001-01-01;'; select like'\\'"))
                .containsExactly("select date'2001-01-01;'", "select like'\\'");
        assertThat(texts("select 1 as \"a;\"\"b;\"; select 2")).containsExactly("select 1 as \"a;\"\"b;\"", "select 2");
        assertThat(texts("select 1 -- no; end\n; select 2")).containsExactly("select 1 -- no; end", "select 2");
        assertThat(texts("select /* ; /* ; */ ; */ 1; select 2"))
                .containsExactly("select /* ; /* ; */ ; */ 1", "select 2");
        assertThat(texts("do $$ begin; end $$; select $a_1$ ;$$; $a_1$; select 3"))
                .containsExactly("do $$ begin; end $$", "select $a_1$ ;$$; $a_1$", "select 3");
        assertThat(texts("select a$b$; select c$b$")).containsExactly("select a$b$", "select c$b$");
        assertThat(texts("create rule r as on insert to t do (select 1; select 2); select 3"))
                .hasSize(2);
        assertThat(texts("select 1e5, 2.5, 0x1f;select 2")).containsExactly("select 1e5, 2.5, 0x1f", "select 2");
    }

    /** As PostgreSQL joins strings that stand on different lines: the first one says whether backslashes escape. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "select E'a'\n'b\\'; c'",
                "select e'a' \t\r\n  'b\\'; c'",
                "select E'a'\r'b\\'; c'",
                "select E'a' -- it's\n'b\\'; c'",
                "select E'a'\n-- it's;\n  -- another\n'b\\'; c'",
                "select E'a'\n'b'\n'c\\'; d'",
                "select E'a'\n''\n'c\\'; d'"
            })
    void aStringWithEscapesIsContinuedOnTheNextLine(String one) {
        assertThat(texts(one + "; select 2")).containsExactly(one, "select 2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // On the same line it is no continuation, but a mistake that the server reports.
                "select E'a' 'b\\'",
                "select E'a' /* \n */ 'b\\'",
                "select 'a'\n'b\\'",
                "select E'a',\n'b\\'",
                "select U&'a'\n'b\\'",
                "select E'a'\n\"b\\\""
            })
    void allOthersHaveNoEscapes(String one) {
        assertThat(texts(one + "; select 2")).containsExactly(one, "select 2");
    }

    @Test
    void aContinuedStringMayNotEnd() {
        assertThatThrownBy(() -> SqlScript.parse("select E'a'\n'b\\'; select 2"))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING));
    }

    @Test
    void operatorsWithQuestionMarksAreNoParameters() {
        assertThat(texts("select value ? 'a?', value ?| b, \"c?\" -- ?\n from records"))
                .containsExactly("select value ?? 'a?', value ??| b, \"c?\" -- ?\n from records");
    }

    @Test
    void theUnitComesFirstAmongCommonTableExpressions() {
        assertThat(with("select 1")).isEqualTo("with records as (x) select 1");
        assertThat(with("-- why\n/* how */ insert into t with a as (b) select c"))
                .isEqualTo("-- why\n/* how */ with records as (x) insert into t with a as (b) select c");
        assertThat(with("WITH a as (b) select c")).isEqualTo("WITH records as (x), a as (b) select c");
        assertThat(with("with /* no */ recursive a as (b) select c"))
                .isEqualTo("with /* no */ recursive records as (x), a as (b) select c");
        assertThat(with("with recursively as (b) select c"))
                .isEqualTo("with records as (x), recursively as (b) select c");
        assertThat(with("(select 1) union (select 2)")).isEqualTo("with records as (x) (select 1) union (select 2)");
        assertThat(with("with \"recursive\" as (b) select c"))
                .isEqualTo("with records as (x), \"recursive\" as (b) select c");
    }

    @Test
    void theUnitIsLookedForByItsName() {
        assertThat(mentions("select 1 from Records")).isTrue();
        assertThat(mentions("select 1 from \"records\" r")).isTrue();
        assertThat(mentions("select 1 from \"Records\"")).isFalse();
        assertThat(mentions("select 'records' from t -- records")).isFalse();
        assertThat(mentions("select records_seen from t")).isFalse();
    }

    @Test
    void statementsKnowTheirLines() {
        assertThat(SqlScript.parse("-- one\n\nselect 1;\nselect '\n'; /*\n*/ select 3"))
                .extracting(SqlStatement::line)
                .containsExactly(3, 4, 6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "commit",
                "/* not */ COMMIT work",
                "end",
                "abort",
                "rollback",
                "rollback and chain",
                "begin",
                "start transaction",
                "prepare transaction 'x'",
                "set search_path = other",
                "set session x = 1",
                "reset all",
                "discard all",
                "listen x",
                "prepare p as select 1",
                "declare kept cursor with hold for select 1",
                "declare kept binary scroll cursor /* */ with hold for select 1",
                "create temp table t as select * from records",
                "copy t from records"
            })
    void whatIsNotTheJobsIsRefused(String statement) {
        assertThatThrownBy(() -> SqlJob.of("select 1;\n" + statement + ";\nselect 2"))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING))
                .hasMessageContaining("line 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ;; ", "-- nothing", "select 'x", "select $x$ $y$", "select /* /* */", "select $1"})
    void whatIsNoJobIsRefused(String sql) {
        assertThatThrownBy(() -> SqlJob.of(sql)).hasMessageStartingWith("TM-103: the SQL job");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "savepoint s",
                "declare c cursor for select 1",
                "declare c cursor without hold for select 1",
                "rollback to s",
                "rollback work to savepoint s",
                "set local x.y = 1",
                "set constraints all deferred",
                "create temporary table t (a int) on commit drop",
                "delete from commit_log",
                "insert into t select * from records"
            })
    void whatLooksLikeItIsNot(String statement) {
        assertThat(texts(statement)).containsExactly(statement);
    }
}
