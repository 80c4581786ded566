package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The modes of PostgreSQL's driver change how it talks to the server, and nothing else. */
@Tag("exhaustive")
class DriverModesIT {
    private static final int BAD = 130;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("modes"), 1);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "preferQueryMode=simple",
                "preferQueryMode=extendedForPrepared",
                "preferQueryMode=extendedCacheEverything",
                "preferQueryMode=simple&stringtype=unspecified",
                "preferQueryMode=simple&autosave=conservative",
                "prepareThreshold=-1",
                "prepareThreshold=1&binaryTransfer=false",
                "autosave=conservative&cleanupSavepoints=true",
                "stringtype=unspecified",
                "defaultRowFetchSize=1&adaptiveFetch=true",
                "reWriteBatchedInserts=true&escapeSyntaxCallMode=callIfNoReturn",
                "readOnlyMode=always&preparedStatementCacheQueries=0",
                "options=-c%20standard_conforming_strings=off%20-c%20bytea_output=escape%20-c%20DateStyle=German"
            })
    void nothingElseChanges(String options) throws IOException {
        SqlJob job = SqlJob.read(SqlJobs.file("flights.sql"));
        List<Flight> flights = Flights.sample().subList(0, 300);
        try (var producer = kafka.producer()) {
            for (int i = 0; i < flights.size(); i++) {
                String value =
                        i == BAD ? "{\"origin\": \"a\\\\' ? $1" : flights.get(i).json();
                var unused = producer.send(
                        new ProducerRecord<>(topic, 0, flights.get(i).key(), value));
            }
        }
        try (Running running = Running.start(
                TestDatabase.pool(database.writer().jdbcUrl() + "&" + options, 3),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.park())
                        .limits(UnitLimits.defaults().withMaxRecords(60))
                        .deserializers(ByteArrayDeserializer::new, ByteArrayDeserializer::new)
                        .handleBatch(job))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            PGSimpleDataSource operator = new PGSimpleDataSource();
            operator.setUrl(database.as(DatabaseRole.OPERATOR).jdbcUrl() + "&" + options);
            TidemarkAdmin admin = TidemarkAdmin.of(operator);
            assertThat(admin.describe(topic)).hasSize(1);
            PGSimpleDataSource writer = new PGSimpleDataSource();
            writer.setUrl(database.writer().jdbcUrl() + "&" + options);
            TidemarkAdmin checking = TidemarkAdmin.of(writer);
            checking.check(job);
            assertThatThrownBy(() -> checking.check(SqlJob.of("select 1;\nselect nope from records")))
                    .hasMessageContaining("statement 2")
                    .hasMessageContaining("(line 2, column 8)");
            checking.check(SqlJob.of("select key as k into temp staged from records; select k from staged, records"));
            checking.check(SqlJob.of("delete from applied where '?' <> all (select key from records) -- all of it"));
            admin.execute(admin.planReset(topic, OffsetTarget.current(), PartitionSelection.all()));
            try (var producer = kafka.producer()) {
                Servers.produceTo(producer, new TopicPartition(topic, 0), flights.subList(0, 20));
            }
            running.until("goes on", () -> ExactlyOnce.progress(database, topic) == flights.size() + 20);
        }
        ExactlyOnce.assertApplied(
                database, new TopicPartition(topic, 0), LongStream.range(0, 320).filter(offset -> offset != BAD));
        assertThat(database.query("select record_offset, error_code from tidemark.dead_letter"))
                .containsExactly(BAD + "|TM-502");
    }
}
