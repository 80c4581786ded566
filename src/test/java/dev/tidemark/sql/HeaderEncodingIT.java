package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A database need not be of UTF-8, and a header may hold any character: no record fails for what its job does not even read. */
@Tag("exhaustive")
class HeaderEncodingIT {
    private static ConsumerRecord<byte[], byte[]> record() {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>("topic", 0, 7, bytes("k"), bytes("\"v\""));
        record.headers()
                .add("größe", bytes("ä"))
                .add("漢", bytes("\ud83d\ude00"))
                .add("trace", bytes("a \u0001 é€ 字"));
        return record;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource({
        "UTF8, a \u0001 é€ 字, ä",
        "SQL_ASCII, a \u0001 é€ 字, ä",
        "LATIN1, a \u0001 é? ?, ä",
        "LATIN9, a \u0001 é€ ?, ä",
        "WIN1252, a \u0001 é€ ?, ä"
    })
    void headersAreReadAsFarAsTheDatabaseKnowsThem(String encoding, String trace, String size) throws SQLException {
        TestDatabase database = Servers.database(Servers.postgres(), encoding);
        database.owner().execute("create table seen (value text, trace text, size text, headers int)");
        database.owner().execute("grant insert, select on seen to public");
        SqlJob without = SqlJob.of("insert into seen (value) select value #>> '{}' from records");
        SqlJob reading = SqlJob.of("insert into seen select value #>> '{}', headers ->> 'trace', headers ->> 'größe',"
                + " (select count(*) from jsonb_object_keys(headers)) from records");
        Jdbi jdbi = Jdbi.create(database::connect);
        jdbi.useTransaction(tx -> without.handle(List.of(record()), tx));
        jdbi.useTransaction(tx -> reading.handle(List.of(record()), tx));
        assertThat(database.query(
                        "select value, coalesce(trace, '-'), coalesce(size, '-'), coalesce(headers, 0) from seen"
                                + " order by headers nulls first"))
                .containsExactly("v|-|-|0", "v|" + trace + "|" + size + "|3");
    }

    /** Java's tables of these sets are not the server's: what only one of them knows concerns a job that reads headers, and no other. */
    @ParameterizedTest
    @CsvSource({"EUC_JP, 漢 ?", "EUC_KR, 漢 ?"})
    void largerSetsAreTheServers(String encoding, String read) throws SQLException {
        TestDatabase database = Servers.database(Servers.postgres(), encoding);
        database.owner().execute("create table seen (text text)");
        database.owner().execute("grant insert, select on seen to public");
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>("topic", 0, 7, bytes("k"), bytes("\"v\""));
        record.headers().add("h", bytes("漢 \ud83d\ude00"));
        Jdbi.create(database::connect)
                .useTransaction(tx -> SqlJob.of("insert into seen select headers ->> 'h' from records")
                        .handle(List.of(record), tx));
        assertThat(database.query("select text from seen")).containsExactly(read);
    }
}
