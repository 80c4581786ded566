package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What fails at COMMIT for all records alike is not a record's fault: trials that are rolled back prove nothing about it. */
@Tag("exhaustive")
class CommitFailuresIT extends FailureCase {
    @Test
    void aCursorThatIsHeldOverTheCommit() {
        database.owner()
                .execute("create function licence() returns int language plpgsql as"
                        + " $$ begin raise exception 'no licence'; end $$");
        send(0, 20);
        try (Running running = start(
                FailurePolicy.park(),
                (record, tx) -> tx.execute("declare c" + record.offset() + " cursor with hold for select licence()"))) {
            assertThat(running.failure()).hasMessageContaining("TM-505");
        }
        assertThat(givenUp()).hasSizeLessThanOrEqualTo(3);
    }

    @Test
    void aConstraintThatIsDeferredOnTheFarSideOfAForeignTable() {
        nearbyServer();
        database.owner()
                .execute(
                        "create table target (n bigint)",
                        "create function licence() returns trigger language plpgsql as"
                                + " $$ begin perform no_such_function(); return null; end $$",
                        "create constraint trigger t after insert on target deferrable initially deferred"
                                + " for each row execute function licence()");
        database.superuser()
                .execute(
                        "create foreign table far_target (n bigint) server near options (table_name 'target')",
                        "grant insert on far_target to public");
        send(0, 20);
        try (Running running = start(
                FailurePolicy.park(),
                (record, tx) -> tx.execute("insert into far_target values (?)", record.offset()))) {
            assertThat(running.failure()).hasMessageContaining("TM-505");
        }
        assertThat(givenUp()).hasSizeLessThanOrEqualTo(3);
    }

    /** One bad record among good ones is still found. */
    @Test
    void oneRecordThatFailsAtTheCommit() {
        send(0, 20);
        try (Running running = start(
                FailurePolicy.park(),
                (record, tx) -> tx.execute("declare c" + record.offset() + " cursor with hold for select 1 / "
                        + (record.offset() == 7 ? 0 : 1)))) {
            running.until("all read", () -> stored() == 20);
        }
        assertDone(20, Set.of(7));
    }
}
