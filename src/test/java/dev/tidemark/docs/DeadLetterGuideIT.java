package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What docs/dead-letters.md shows, on the dead letters of two groups. */
@Tag("database")
class DeadLetterGuideIT {
    private static final DocPage PAGE = DocPage.of("docs/dead-letters.md");

    private final TestDatabase database = Servers.postgres().createStore();
    private final HikariDataSource pool = database.pool(2);

    /** Ids 40 to 43 of our group: one failed, one followed it, one failed otherwise, one is superseded; 44 is another group's. */
    @BeforeEach
    void park() {
        database.owner()
                .execute(
                        "insert into tidemark.topic_binding (group_id, topic, cluster_id, topic_id, partitions)"
                                + " values ('flights-etl', 'flights', 'c', 't', 1), ('other', 'flights', 'c', 't', 1)",
                        "insert into tidemark.stored_offset (group_id, topic, partition, next_offset)"
                                + " values ('flights-etl', 'flights', 0, 100), ('other', 'flights', 0, 100)",
                        "insert into tidemark.dead_letter (id, group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, key, value, header_keys, holds_key, error_code, error_class, error_message,"
                                + " error_stack, attempts, parked_by, parked_at) overriding system value values"
                                + " (40, 'flights-etl', 'flights', 1, 0, 10, 0, 'CreateTime', 'LAX', 'a', '{}', true,"
                                + "  'TM-502', 'some.Exception', 'message', 'stack', 3, 'host', '2026-05-03'),"
                                + " (41, 'flights-etl', 'flights', 1, 0, 11, 0, 'CreateTime', 'LAX', 'b', '{}', true,"
                                + "  null, null, null, null, 0, 'host', '2026-05-03'),"
                                + " (42, 'flights-etl', 'flights', 1, 0, 12, 0, 'CreateTime', 'ORD', 'c', '{trace}', false,"
                                + "  'TM-503', 'other.Exception', 'unreadable', 'the stack', 1, 'host', now()),"
                                + " (43, 'flights-etl', 'flights', 1, 0, 60, 0, 'CreateTime', 'ORD', 'd', '{}', false,"
                                + "  'TM-503', 'other.Exception', null, 'stack', 1, 'host', '2026-05-03'),"
                                + " (44, 'other', 'flights', 1, 0, 12, 0, 'CreateTime', 'ORD', 'e', '{}', false,"
                                + "  'TM-502', 'some.Exception', null, 'stack', 1, 'host', '2026-05-03')",
                        "update tidemark.dead_letter set header_values = array['x'::bytea] where id = 42",
                        "update tidemark.stored_offset set next_offset = 50 where group_id = 'flights-etl'");
    }

    @AfterEach
    void close() {
        pool.close();
    }

    private List<String> ids() {
        return database.query("select id from tidemark.dead_letter order by id");
    }

    private List<String> dropped() {
        return database.query("select group_id, topic, partition, from_offset, reason from tidemark.audit_log"
                + " where action = 'drop' order by from_offset");
    }

    @Test
    void sqlShowsThem() {
        List<String> see = PAGE.below("See", "sql");
        assertThat(database.query(see.get(0)))
                .extracting(row -> row.split("\\|")[2] + " " + row.split("\\|")[4])
                .containsExactlyInAnyOrder("TM-502 1", "null 1", "TM-503 1");
        assertThat(database.query(see.get(1)))
                .extracting(row -> row.split("\\|")[0])
                .containsExactly("40", "41", "42");
        assertThat(database.query(see.get(2))).containsExactly("ORD|c|{trace}|the stack");
    }

    @Test
    void codeShowsThem() throws Exception {
        DeadLetterExamples.list(pool);
        try (Connection connection = pool.getConnection()) {
            assertThat(DeadLetters.of("flights-etl").list(connection, 0, 100))
                    .extracting(DeadLetter::id)
                    .containsExactly(40L, 41L, 42L, 43L);
        }
    }

    @Test
    void sqlGivesUpOneAndMany() {
        List<String> giveUp = PAGE.below("Give up", "sql");
        assertThat(database.query(giveUp.get(0))).containsExactly("t");
        assertThat(ids()).containsExactly("40", "41", "43", "44");
        assertThat(database.query(giveUp.get(0))).containsExactly("f");
        assertThat(database.query(giveUp.get(1))).containsExactly("40|t", "41|t", "43|t");
        assertThat(ids()).containsExactly("44");
        assertThat(dropped())
                .containsExactly(
                        "flights-etl|flights|0|10|test data of 3 May",
                        "flights-etl|flights|0|11|test data of 3 May",
                        "flights-etl|flights|0|12|test data of 3 May",
                        "flights-etl|flights|0|60|test data of 3 May");
    }

    @Test
    void codeGivesUpInTheCallersTransaction() throws Exception {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            assertThat(DeadLetterExamples.drop(connection, 42)).isTrue();
            connection.rollback();
            assertThat(ids()).contains("42");
            assertThat(DeadLetterExamples.drop(connection, 42)).isTrue();
            connection.commit();
        }
        assertThat(ids()).containsExactly("40", "41", "43", "44");
        assertThat(dropped()).containsExactly("flights-etl|flights|0|12|test data of 3 May");
    }

    @Test
    void supersededOnesAreThoseAboveAnOffsetThatWentBack() {
        String sql = PAGE.below("Superseded", "sql").get(0);
        assertThat(database.query(sql)).extracting(row -> row.split("\\|")[0]).containsExactly("43");
        database.owner().execute("update tidemark.stored_offset set next_offset = 61 where group_id = 'flights-etl'");
        assertThat(database.query(sql)).as("passed over before it was read").isEmpty();
    }

    @Test
    void theAlertTellsOfGroupsThatParkOfLate() {
        assertThat(database.query(PAGE.below("Be told", "sql").get(0)))
                .extracting(row -> row.split("\\|")[0])
                .containsExactly("flights-etl");
    }
}
