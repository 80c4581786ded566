package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransactionVerbsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "commit",
                "COMMIT;",
                " \n commit work",
                "-- well\ncommit",
                "/* a */ /* b */ rollback",
                "rollback work",
                "abort",
                "end",
                "end transaction",
                "prepare transaction 'x'",
                ";commit",
                "COMMIT AND CHAIN",
                "select 1; commit",
                "select ';'; commit",
                "select $$;$$; select $a$ $$ ; $a$; rollback",
                "/* a /* b */ c */ commit",
                "select e'it\\'s'; end",
                "select \"a;b\" from t; abort",
                "insert into t values (1); -- done\n commit work"
            })
    void endTheTransaction(String sql) {
        assertThat(TransactionVerbs.endsTransaction(sql)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into commits values ('commit')",
                "select 1",
                "",
                "savepoint s",
                "rollback to s",
                "rollback to savepoint s",
                "rollback work to s",
                "release s",
                "prepare q as select 1",
                "-- commit",
                "endless",
                "update t set a = 1 -- commit",
                "select '; commit'",
                "select $$; commit$$",
                "select $x$; $$ commit $x$",
                "/* ; commit /* */ ; commit */ select 1",
                "select \"; commit\"",
                "select e'\\'; commit'",
                "select 1; rollback to s",
                "select $1; select 2",
                "create function f() returns int language sql begin atomic select 1; end",
                "select case when a then 1 end",
                "select 'open",
                "select $$ open; commit",
                "/* open ; commit"
            })
    void doNot(String sql) {
        assertThat(TransactionVerbs.endsTransaction(sql)).isFalse();
    }

    /** However long a text is, reading it takes no more of the stack. */
    @Test
    void endTheTransactionBehindManyComments() {
        int many = 100_000;
        String nested = "/*".repeat(many) + "*/".repeat(many);
        for (String comments :
                new String[] {"-- a comment\n".repeat(many), "/* a comment */".repeat(many), nested, ";".repeat(many)
                }) {
            assertThat(TransactionVerbs.endsTransaction(comments + "commit")).isTrue();
            assertThat(TransactionVerbs.endsTransaction(comments + "select 1")).isFalse();
        }
    }
}
