package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person types may hold characters that the database's encoding does not have. */
@Tag("exhaustive")
class EncodingsIT {
    private static void assertNotStored(ThrowingCallable call) {
        assertThat(catchThrowable(call))
                .isInstanceOfSatisfying(
                        TidemarkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING))
                .hasMessageContaining("cannot be stored")
                .hasMessageContaining("UTF8");
    }

    /** A zero is a character of no encoding of PostgreSQL's. */
    @ParameterizedTest
    @CsvSource({"LATIN1, größe €", "LATIN2, 流", "SQL_ASCII, a<zero>", "UTF8, a<zero>"})
    void aCharacterThatTheDatabaseLacks(String encoding, String words) {
        String text = words.replace("<zero>", "\0");
        TestDatabase database = Servers.database(Servers.postgres(), encoding);
        database.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{10}')");
        TidemarkAdmin admin =
                TidemarkAdmin.of(database.as(DatabaseRole.OPERATOR).dataSource());
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> admin.describe(text),
                () -> admin.audit(AuditQuery.all().withGroup(text)),
                () -> admin.deadLetters(DeadLetterQuery.of("etl").withTopic(text)),
                () -> admin.planPause(text, PartitionSelection.all()),
                () -> admin.execute(
                        admin.planPause("etl", PartitionSelection.all()),
                        ChangeOptions.none().withReason(text)))) {
            assertNotStored(call);
        }
    }
}
