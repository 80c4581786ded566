package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

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
                "COMMIT AND CHAIN"
            })
    void endTheTransaction(String sql) {
        assertThat(TransactionVerbs.endsTransaction(sql)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into commits values ('commit')", "select 1", "", "savepoint s", "rollback to s",
                        "rollback to savepoint s",
                "rollback work to s", "release s", "prepare q as select 1", "-- commit", "endless",
                        "update t set a = 1 -- commit"
            })
    void doNot(String sql) {
        assertThat(TransactionVerbs.endsTransaction(sql)).isFalse();
    }
}
