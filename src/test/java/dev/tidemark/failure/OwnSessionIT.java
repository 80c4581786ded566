package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What looks like a lock of somebody else, or like a server in trouble, but is only the statement: waiting would not help. */
class OwnSessionIT extends FailureCase {
    @ParameterizedTest
    @ValueSource(strings = {"insert into log values (1)", "declare c cursor for select * from log; fetch c"})
    void aTableThatItsOwnTransactionUsesIsTheRecords(String use) {
        database.owner()
                .execute(
                        "create table log (n bigint)",
                        "insert into log select generate_series(1, 1000)",
                        "create function nothing() returns trigger language plpgsql as $$ begin return null; end $$",
                        "create constraint trigger later after insert on log deferrable initially deferred"
                                + " for each row execute function nothing()",
                        "grant all on log to public");
        send(0, 20);
        try (Running running = start(FailurePolicy.park(), (record, tx) -> {
            if (record.offset() == 7) {
                for (String statement : use.split(";")) {
                    tx.execute(statement);
                }
                tx.execute("truncate log");
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).containsExactly("7");
        assertDone(20, Set.of(7));
    }

    @Test
    void aStatementThatNeedsMoreTemporaryFilesThanItsRoleMayHaveIsTheRecords() {
        database.superuser()
                .execute("alter role " + database.writer().role() + " in database " + database.name()
                        + " set temp_file_limit = '64kB'");
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7) {
                tx.execute("set local work_mem = '64kB'");
                tx.execute("select md5(n::text) from generate_series(1, 200000) n order by 1");
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).containsExactly("7");
        assertDone(20, Set.of(7));
    }
}
