package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a handler throws, and whatever the database can store, one bad record is parked and the others continue. */
@Tag("exhaustive")
class ForeignFailuresIT {
    private static final int RECORDS = 20;
    private static final int BAD = 7;

    private final KafkaServer kafka = Servers.kafka();
    private final String topic = kafka.createTopic(Servers.unique("foreign"), 1);

    private void send(String header, String value) {
        try (var producer = kafka.producer()) {
            for (int n = 0; n < RECORDS; n++) {
                ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, "k" + n, value);
                record.headers().add(header, new byte[] {1});
                var unused = producer.send(record);
            }
        }
    }

    private Running start(TestDatabase database, FailurePolicy policy, RecordHandler<String, String> bad) {
        database.owner().execute("create table done (n int)");
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(policy).handle((record, tx) -> {
                    tx.execute("insert into done values (?)", record.offset());
                    if (record.offset() == BAD) {
                        bad.handle(record, tx);
                    }
                }));
    }

    private DeadLetter parked(TestDatabase database, RecordHandler<String, String> bad) throws SQLException {
        try (Running running = start(database, FailurePolicy.park(), bad)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertThat(database.query("select n from done order by n"))
                .isEqualTo(IntStream.range(0, RECORDS)
                        .filter(n -> n != BAD)
                        .mapToObj(Integer::toString)
                        .toList());
        try (Connection c = database.connect()) {
            List<DeadLetter> letters = DeadLetters.of(topic).list(c, 0, 10);
            assertThat(letters).hasSize(1);
            assertThat(letters.get(0).record().offset()).isEqualTo(BAD);
            return letters.get(0);
        }
    }

    /** Exceptions of other people. */
    enum Odd {
        ENDLESS_CAUSES {
            @Override
            Exception make() {
                return new Exception("endless") {
                    @Override
                    public synchronized Throwable getCause() {
                        return make();
                    }
                };
            }
        },
        ENDLESS_NEXT {
            @Override
            Exception make() {
                return new SQLException("endless", "22000") {
                    @Override
                    public SQLException getNextException() {
                        return (SQLException) make();
                    }
                };
            }
        },
        CYCLE {
            @Override
            Exception make() {
                Exception one = new IllegalStateException("one");
                Exception two = new IllegalStateException("two", one);
                one.initCause(two);
                return one;
            }
        },
        SUPPRESSES_ITS_CAUSE {
            @Override
            Exception make() {
                Exception cause = new SQLException("next", "22000");
                Exception one = new IllegalStateException("one", cause);
                one.addSuppressed(cause);
                cause.addSuppressed(one);
                return one;
            }
        },
        LONG_MESSAGE {
            @Override
            Exception make() {
                return new IllegalStateException("x".repeat(20_000_000));
            }
        },
        THROWS_ITSELF {
            @Override
            Exception make() {
                return new Exception() {
                    @Override
                    public String getMessage() {
                        throw new IllegalStateException("no message");
                    }
                };
            }
        };

        abstract Exception make();
    }

    @ParameterizedTest
    @EnumSource
    void anOddExceptionIsParkedAsAnyOther(Odd odd) throws SQLException {
        send("h", "v");
        DeadLetter letter = parked(Servers.flightDatabase(Servers.postgres()), (record, tx) -> {
            throw odd.make();
        });
        assertThat(letter.errorClass()).contains(odd.make().getClass().getName());
        assertThat(letter.errorStack().orElseThrow()).hasSizeLessThanOrEqualTo(64 << 10);
    }

    /** An SQLSTATE of prepared statements says something about a pooler only for the driver's own. */
    @ParameterizedTest
    @ValueSource(
            strings = {"execute nowhere", "deallocate nowhere", "prepare twice as select 1; prepare twice as select 1"})
    void whatSqlPreparesIsNotThePoolers(String sql) throws SQLException {
        send("h", "v");
        DeadLetter letter = parked(Servers.flightDatabase(Servers.postgres()), (record, tx) -> {
            for (String statement : sql.split(";")) {
                tx.execute(statement);
            }
        });
        assertThat(letter.errorMessage().orElseThrow()).contains("prepared statement");
    }

    /** A pool closes a connection at some SQLSTATEs, whoever raised them. */
    @ParameterizedTest
    @ValueSource(strings = {"0A000", "01002", "02000", "ABCDE"})
    void whatATriggerRaisesAtTheCommitIsTheRecordsWhateverThePoolMakesOfIt(String state) throws SQLException {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        database.owner()
                .execute(
                        "create table late (n int)",
                        "create function refuse() returns trigger language plpgsql as"
                                + " $$ begin raise exception using errcode = '" + state + "'; end $$",
                        "create constraint trigger t after insert on late deferrable initially deferred"
                                + " for each row execute function refuse()");
        send("h", "v");
        DeadLetter letter = parked(database, (record, tx) -> tx.execute("insert into late values (1)"));
        assertThat(letter.attempts()).isEqualTo(1);
    }

    @Test
    void aPolicyThatThrowsWhatItWasToldOfHalts() {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        send("h", "v");
        FailurePolicy policy = failure -> {
            throw (RuntimeException) failure.cause();
        };
        try (Running running = start(database, policy, (record, tx) -> {
            throw new IllegalStateException("bad");
        })) {
            assertThat(running.failure()).hasMessageContaining("TM-502").hasMessageContaining("policy");
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(BAD);
    }

    @Test
    void aLongHeaderIsParkedWhole() throws SQLException {
        String name = "h".repeat(70_000);
        send(name, "v");
        DeadLetter letter = parked(Servers.flightDatabase(Servers.postgres()), (record, tx) -> {
            throw new IllegalStateException("bad");
        });
        assertThat(letter.record().headers()).extracting(Header::key).containsExactly(name);
    }

    /** A database need not be of UTF-8, and an error or a header may hold any character. */
    @ParameterizedTest
    @ValueSource(strings = {"LATIN1", "SQL_ASCII", "EUC_JP"})
    void anErrorInOtherCharactersIsParkedAsWell(String encoding) throws SQLException {
        TestDatabase database = Servers.database(Servers.postgres(), encoding);
        send("größe 漢字", "漢字 \ud83d\ude00");
        DeadLetter letter = parked(database, (record, tx) -> {
            throw new IllegalArgumentException("größe 漢字 \ud83d\ude00 \u0000 " + record.value());
        });
        assertThat(letter.record().value())
                .isEqualTo("漢字 \ud83d\ude00".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        String header = switch (encoding) {
            case "LATIN1" -> "größe ??";
            case "EUC_JP" -> "gr??e ??";
            default -> "größe 漢字";
        };
        assertThat(letter.errorMessage().orElseThrow()).startsWith(header);
        assertThat(letter.record().headers()).extracting(Header::key).containsExactly(header);
    }
}
