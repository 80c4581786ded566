package dev.tidemark.proof.chaos;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;

/**
 * A broker and a database server.
 *
 * @param kafka one node
 * @param postgres with durable commits
 */
record ServerPair(KafkaServer kafka, EmbeddedPostgresServer postgres) implements AutoCloseable {
    static ServerPair start() {
        return new ServerPair(KafkaServer.start(Servers.directory("chaos-kafka")), EmbeddedPostgresServer.start());
    }

    @Override
    public void close() {
        kafka.close();
        postgres.close();
    }
}
