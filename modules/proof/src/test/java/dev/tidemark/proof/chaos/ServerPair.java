package dev.tidemark.proof.chaos;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaClients;
import dev.tidemark.testkit.kafka.KafkaCluster;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;

/**
 * Brokers and a database server.
 *
 * @param kafka one node, or two brokers and a controller
 * @param postgres with durable commits
 */
record ServerPair(KafkaClients kafka, EmbeddedPostgresServer postgres) implements AutoCloseable {
    static ServerPair start() {
        return new ServerPair(KafkaServer.start(Servers.directory("chaos-kafka")), EmbeddedPostgresServer.start());
    }

    static ServerPair startCluster() {
        return new ServerPair(KafkaCluster.start(Servers.directory("chaos-kafka")), EmbeddedPostgresServer.start());
    }

    @Override
    public void close() {
        kafka.close();
        postgres.close();
    }
}
