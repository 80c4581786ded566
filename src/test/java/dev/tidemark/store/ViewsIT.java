package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The views are the interface that dashboards and scripts rely on: their columns never change, and new ones come at the end. */
@Tag("database")
class ViewsIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    /** A group of four partitions: owned and sampled, halted, free, free; and a group of one that was never sampled. */
    @BeforeEach
    void fill() {
        database.owner()
                .execute(
                        "select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', array[10, 20, 30])",
                        "select tidemark.bind_topic('etl', 'airports', 'cluster', 'id', array[40])",
                        "select tidemark.bind_topic('other', 'flights', 'cluster', null, array[0])",
                        "update tidemark.stored_offset set owner_token = gen_random_uuid(), owner_name = 'host/1', owner_epoch = 1"
                                + " where group_id = 'etl' and topic = 'flights' and partition in (0, 1)",
                        "insert into tidemark.log_end (group_id, topic, partition, log_start, log_end) values"
                                + " ('etl', 'flights', 0, 3, 15), ('etl', 'flights', 1, 0, 120), ('etl', 'flights', 2, 0, 25)",
                        "insert into tidemark.partition_state (group_id, topic, partition, halted_at, error_code, error_text) values"
                                + " ('etl', 'flights', 1, now(), 'TM-502', 'the handler failed')");
    }

    private List<String> columns(String view) {
        return database.query("select column_name, data_type from information_schema.columns"
                + " where table_schema = 'tidemark' and table_name = '" + view + "' order by ordinal_position");
    }

    private List<String> states() {
        return database.query(
                "select topic, partition, state from tidemark.consumer_lag where group_id = 'etl' order by topic, partition");
    }

    @Test
    void theColumnsArePinned() {
        assertThat(columns("consumer_lag"))
                .containsExactly(
                        "group_id|text",
                        "topic|text",
                        "partition|integer",
                        "stored_offset|bigint",
                        "log_start_offset|bigint",
                        "log_end_offset|bigint",
                        "lag|bigint",
                        "owner|text",
                        "updated_at|timestamp with time zone",
                        "sampled_at|timestamp with time zone",
                        "state|text",
                        "error_code|text",
                        "error_text|text",
                        "halted_at|timestamp with time zone",
                        "waiting_since|timestamp with time zone");
        assertThat(columns("consumer_group"))
                .containsExactly(
                        "group_id|text",
                        "topics|bigint",
                        "partitions|bigint",
                        "owners|bigint",
                        "owned_partitions|bigint",
                        "halted_partitions|bigint",
                        "paused_partitions|bigint",
                        "lag|numeric",
                        "max_lag|bigint",
                        "dead_letters|bigint",
                        "updated_at|timestamp with time zone",
                        "sampled_at|timestamp with time zone",
                        "waiting_partitions|bigint");
        assertThat(columns("dead_letter_summary"))
                .containsExactly(
                        "group_id|text",
                        "topic|text",
                        "partition|integer",
                        "error_code|text",
                        "error_class|text",
                        "dead_letters|bigint",
                        "first_offset|bigint",
                        "last_offset|bigint",
                        "first_parked_at|timestamp with time zone",
                        "last_parked_at|timestamp with time zone");
    }

    @Test
    void aPartitionIsHaltedOrPausedOrOwnedOrFree() {
        assertThat(database.query(
                        "select topic, partition, stored_offset, log_start_offset, log_end_offset, lag, owner,"
                                + " state, error_code, error_text, halted_at is not null from tidemark.consumer_lag"
                                + " where group_id = 'etl' order by topic, partition"))
                .containsExactly(
                        "airports|0|40|null|null|null|null|free|null|null|f",
                        "flights|0|10|3|15|5|host/1|owned|null|null|f",
                        "flights|1|20|0|120|100|host/1|halted|TM-502|the handler failed|t",
                        "flights|2|30|0|25|0|null|free|null|null|f");
        database.execute("select tidemark.pause('etl', 'flights', 0)");
        assertThat(states())
                .containsExactly("airports|0|free", "flights|0|paused", "flights|1|halted", "flights|2|free");
        database.execute("select tidemark.pause('etl', 'flights')");
        assertThat(states())
                .containsExactly("airports|0|free", "flights|0|paused", "flights|1|halted", "flights|2|paused");
        database.execute("select tidemark.pause('etl')");
        assertThat(states())
                .containsExactly("airports|0|paused", "flights|0|paused", "flights|1|halted", "flights|2|paused");
        assertThat(database.query("select state from tidemark.consumer_lag where group_id = 'other'"))
                .containsExactly("free");
    }

    @Test
    void aWaitIsOverWithTheNextClaim() {
        String wait =
                "insert into tidemark.partition_state (group_id, topic, partition, waiting_since, waiting_epoch, waiting_code,"
                        + " waiting_text) values ('etl', 'flights', %d, now(), %d, 'TM-404', 'a row is locked') on conflict (group_id, topic, partition)"
                        + " do update set waiting_since = excluded.waiting_since, waiting_epoch = excluded.waiting_epoch";
        database.owner().execute(String.format(wait, 0, 1), String.format(wait, 1, 1), String.format(wait, 2, 7));
        String waits =
                "select partition, state, error_code, error_text, waiting_since is not null from tidemark.consumer_lag"
                        + " where group_id = 'etl' and topic = 'flights' order by partition";
        assertThat(database.query(waits))
                .containsExactly(
                        "0|waiting|TM-404|a row is locked|t",
                        "1|halted|TM-502|the handler failed|f",
                        "2|free|null|null|f");
        assertThat(database.number("select waiting_partitions from tidemark.consumer_group where group_id = 'etl'"))
                .isEqualTo(1);
        database.owner()
                .execute("update tidemark.stored_offset set owner_epoch = 2 where topic = 'flights' and partition = 0");
        assertThat(database.query(waits).get(0)).isEqualTo("0|owned|null|null|f");
        database.execute("select tidemark.pause('etl', 'flights', 0)");
        assertThat(database.query(waits).get(0)).isEqualTo("0|paused|null|null|f");
    }

    @Test
    void aGroupIsTheSumOfItsPartitions() {
        letters();
        database.execute("select tidemark.pause('etl', 'flights', 0)");
        String group =
                "select topics, partitions, owners, owned_partitions, halted_partitions, paused_partitions, lag, max_lag,"
                        + " dead_letters, updated_at is not null, sampled_at is not null from tidemark.consumer_group where group_id = ";
        assertThat(database.query(group + "'etl'")).containsExactly("2|4|1|2|1|1|105|100|4|t|t");
        assertThat(database.query(group + "'other'")).containsExactly("1|1|0|0|0|0|null|null|0|t|f");
    }

    @Test
    void deadLettersAreCountedByCause() {
        letters();
        assertThat(database.query(
                        "select group_id, topic, partition, error_code, error_class, dead_letters, first_offset,"
                                + " last_offset, first_parked_at < last_parked_at from tidemark.dead_letter_summary"
                                + " order by error_code nulls last, error_class"))
                .containsExactly(
                        "etl|flights|0|TM-502|E|2|4|9|t",
                        "etl|flights|0|TM-503|E|1|5|5|f",
                        "etl|flights|0|null|null|1|7|7|f");
    }

    /** Four that wait, of three causes, and one that is superseded. */
    private void letters() {
        database.owner()
                .execute(
                        "insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, attempts, parked_by, error_code, error_class, superseded_at, parked_at)"
                                + " select 'etl', 'flights', 1, 0, o, 0, 'CreateTime', 1, 'host/1', code, class, gone, now() + o * interval '1 s'"
                                + " from (values (4, 'TM-502', 'E', null::timestamptz), (9, 'TM-502', 'E', null), (5, 'TM-503', 'E', null),"
                                + " (7, null, null, null), (8, 'TM-502', 'E', now())) as v(o, code, class, gone)");
    }
}
