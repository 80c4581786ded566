package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a handler does to its session or transaction neither gives up a record nor is retried without end. */
@Tag("exhaustive")
class HandlerSettingsIT extends FailureCase {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "set transaction read only",
                "set local transaction_read_only = on",
                "set local statement_timeout = 1",
                "set statement_timeout = 1",
                "set datestyle = 'SQL, DMY'"
            })
    void isAppliedOrHalts(String sql) {
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7) {
                tx.execute(sql);
            }
        })) {
            running.until("all read, or halted", () -> stored() == 20 || isHalted(running));
        } catch (RuntimeException halted) {
            assertThat(halted).hasMessageContaining("TM-50");
        }
        assertThat(stored()).matches(n -> n <= 7 || n == 20);
        assertThat(givenUp()).isEmpty();
    }

    /** The session keeps the table of record 7; on another connection, 17 succeeds as well. */
    @Test
    void aTemporaryTableOfAnEarlierRecordIsNoFaultOfALaterOne() {
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() % 10 == 7) {
                tx.execute("create temp table staging (n int)");
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    /** The server stalls when it writes the offset, twice in a row, and cancels that: no handler is to blame. */
    @ParameterizedTest
    @CsvSource({"'', statement_timeout = '3s'", "set local statement_timeout = '3s', ''"})
    void aServerThatStallsTwiceIsWaitedFor(String sql, String ofRole) {
        database.superuser()
                .execute(
                        "create sequence stalls",
                        "grant all on sequence stalls to public",
                        "create function stall() returns trigger language plpgsql as $$ begin"
                                + " if new.next_offset > 5 and nextval('public.stalls') <= 2 then perform pg_sleep(600); end if;"
                                + " return new; end $$",
                        "create trigger stall before update on tidemark.stored_offset for each row execute function stall()");
        if (!ofRole.isEmpty()) {
            database.superuser()
                    .execute("alter role " + database.writer().role() + " in database " + database.name() + " set "
                            + ofRole);
        }
        send(0, 5);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (!sql.isEmpty()) {
                tx.execute(sql);
            }
        })) {
            running.until("the first ones", () -> stored() == 5);
            send(5, 20);
            running.until("all read", () -> stored() == 20);
        }
        assertThat(database.number("select last_value from stalls")).isGreaterThan(2);
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    /** The catalogs are large, so that what the store looks up in them after the handler takes longer than the handler allows. */
    @ParameterizedTest
    @ValueSource(strings = {"set local statement_timeout = '3ms'", "set statement_timeout = '3ms'"})
    void aLookAtWhatWasWrittenThatIsCancelledIsNoFailureOfTheRecord(String sql) {
        database.owner()
                .execute(
                        "do $$ begin for i in 1..4000 loop execute format('create table filler_%s (n int)', i); end loop; end $$");
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 0) {
                tx.execute(sql);
            }
        })) {
            running.until("all read, or halted", () -> stored() == 20 || isHalted(running));
        } catch (RuntimeException halted) {
            assertThat(halted).hasMessageContaining("TM-501");
        }
        assertThat(stored()).isIn(0L, 20L);
        assertThat(givenUp()).isEmpty();
    }
}
