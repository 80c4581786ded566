package dev.tidemark.demo;

import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.file.Path;

/** The demo's two servers, with its topic and its tables; they go when it closes or when this JVM ends. */
final class Stage implements AutoCloseable {
    static final String TOPIC = "flights";
    static final int PARTITIONS = 6;

    private final EmbeddedPostgresServer postgres;
    private final TestDatabase database;
    private final KafkaServer kafka;

    private Stage(EmbeddedPostgresServer postgres, TestDatabase database, KafkaServer kafka) {
        this.postgres = postgres;
        this.database = database;
        this.kafka = kafka;
    }

    static Stage open(Path directory, Screen screen) {
        EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
        TestDatabase database = postgres.createDatabase("demo");
        database.migrate();
        database.owner().execute(AirportTable.TIDEMARK.definition(), AirportTable.TEXTBOOK.definition());
        screen.line(
                "  %-18s localhost:%-7d fsync %s",
                "PostgreSQL "
                        + database.query("select split_part(current_setting('server_version'), ' ', 1)")
                                .get(0),
                postgres.port(),
                database.query("show fsync").get(0));

        KafkaServer kafka = KafkaServer.start(directory.resolve("kafka"));
        kafka.createTopic(TOPIC, PARTITIONS);
        screen.line("  %-18s %-17s topic %s, %d partitions", "Kafka", kafka.bootstrapServers(), TOPIC, PARTITIONS);
        return new Stage(postgres, database, kafka);
    }

    TestDatabase database() {
        return database;
    }

    KafkaServer kafka() {
        return kafka;
    }

    /** How to look at the database manually. */
    String psql() {
        return "psql \"postgresql://tidemark_operator@localhost:" + postgres.port() + "/" + database.name() + "\"";
    }

    @Override
    public void close() {
        kafka.close();
        postgres.close();
    }
}
