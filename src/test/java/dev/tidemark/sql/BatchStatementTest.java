package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What may be the statement of a batch, how many parameters it has, and how it is sent. */
class BatchStatementTest {
    @ParameterizedTest
    @CsvSource(delimiter = '@', quoteCharacter = '~', textBlock = """
                    insert into t values (?, ?) @ 2
                    insert into t values (?::text, '?', "?", $$?$$, ?) -- ? @ 2
                    insert into t /* ? /* ? */ ? */ values (?) @ 1
                    insert into t select ? where j ?? ? @ 2
                    insert into t select ? where j ?? ? or j ???? 'a' @ 2
                    insert into t select ? where j ??| array[?] @ 2
                    insert into t default values @ 0
                    ; delete from t where a = ?; -- end @ 1
                    update t set a = E'\\'?' where a = ? @ 1
                    call p(?, ?) @ 2
                    """)
    void parametersAreThoseOfTheDriver(String sql, int parameters) {
        assertThat(BatchStatement.of(sql).parameters()).isEqualTo(parameters);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into t values (?, ?)",
                "insert into t values (?) on conflict (a) do nothing",
                "update t set a = ? returning a",
                "delete from t where a in (select b from u where c = ?)",
                "merge into t using u on t.a = ? when matched then delete",
                "call p(?)",
                "with x as (select ?) insert into t select * from x",
                "with x as (select ?), y(a) as (delete from u returning a) update t set a = 1",
                "WITH RECURSIVE x AS (SELECT ?) DELETE FROM t"
            })
    void isSentAsItWasGiven(String sql) {
        assertThat(BatchStatement.of(" " + sql + " ; ").sql()).isEqualTo(sql);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into t values (?) on conflict (a) do update set b = excluded.b",
                "insert into t values (?, (select max(a) from t))",
                "Insert Into t values (?) on conflict (a) where b = ? do nothing"
            })
    void theDriverJoinsNoRowsThatDependOnEachOther(String sql) {
        assertThat(BatchStatement.of(sql).sql()).isEqualTo("with tidemark_row as (select) " + sql);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select f(?)",
                "values (f(?))",
                "with x as (select ?) select f(a) from x",
                "with update as (select ?) select f(a) from update for update",
                "with recursive insert as (select ?), delete as (select 1) select 1",
                "with recursive x(a) as (select ?) search depth first by a set b select 1"
            })
    void aSelectRunsToItsEnd(String sql) {
        assertThat(BatchStatement.of(sql).sql())
                .isEqualTo("with tidemark_rows as materialized (\n" + sql + "\n) select count(*) from tidemark_rows");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "  ; -- nothing",
                "insert into t values (?); insert into u values (?)",
                "insert into t values ('?)",
                "insert into t values ($1)",
                "create table t (a int)",
                "truncate t",
                "explain analyze insert into t values (?)",
                "(select f(?))",
                "commit",
                "set search_path = a",
                "with x as (delete from t where a = ? returning a) select f(a) from x"
            })
    @NullSource
    void anythingElseIsRefused(String sql) {
        assertThatThrownBy(() -> SqlBatch.<String, String>of(sql, (record, rows) -> rows.add()))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING));
    }

    @Test
    void theRefusalSaysWhy() {
        assertThatThrownBy(() -> BatchStatement.of("insert into t values ($1)")).hasMessageContaining("write ?");
        assertThatThrownBy(() -> BatchStatement.of("")).hasMessageContaining("is empty");
    }
}
