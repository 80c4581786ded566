package dev.tidemark.proof.kit;

import dev.tidemark.proof.read.Columns;
import dev.tidemark.proof.read.RecordParser;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The records: each adds an amount to an account and knows its number among those of the account. And the tables for them. */
public final class Transfers {
    /** As tables and options name them. */
    public static final Columns COLUMNS =
            new Columns("effect", "topic", "partition", "record_offset", "seq", "account", "sequence", "amount");

    /** What finds the numbers in a record's value. */
    public static final String VALUE = "^(?<sequence>\\d+) (?<amount>-?\\d+)$";

    /** The table of totals. */
    public static final String TOTALS = "account(code, records, amount)";

    private final int accounts;
    private final Random random;
    private final AtomicLongArray sequences;

    /** Records of so many accounts, with random amounts. */
    public Transfers(int accounts, Random random) {
        this.accounts = accounts;
        this.random = random;
        this.sequences = new AtomicLongArray(accounts);
    }

    /** What reads the topic as the table has it. */
    public static RecordParser parser() {
        return new RecordParser(COLUMNS, Pattern.compile(VALUE));
    }

    /** Creates the tables; the one of effects has no unique constraint, so that a doubled record is seen and not hidden. */
    public static void createTables(TestDatabase database) {
        database.owner()
                .execute(
                        "create table effect (seq bigint generated always as identity, topic text not null,"
                                + " partition int not null, record_offset bigint not null, account text not null,"
                                + " sequence bigint not null, amount bigint not null)",
                        "create table account (code text primary key, records bigint not null, amount bigint not null)");
    }

    /** The next record, of a random account that belongs to this partition. */
    public ProducerRecord<String, String> next(String topic, int partition, int partitions) {
        int own = (accounts - partition + partitions - 1) / partitions;
        int account = partition + partitions * random.nextInt(own);
        long sequence = sequences.getAndIncrement(account);
        return new ProducerRecord<>(
                topic, partition, "account-" + account, sequence + " " + (random.nextInt(2_001) - 1_000));
    }
}
