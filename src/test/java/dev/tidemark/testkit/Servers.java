package dev.tidemark.testkit;

import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.kafka.SecuredKafka;
import dev.tidemark.testkit.postgres.PostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;

/** One broker and one database server for all tests of this JVM; they end with it. */
public final class Servers {
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static PostgresServer postgres;
    private static KafkaServer kafka;
    private static SecuredKafka securedKafka;

    static {
        // Ten seconds are too few when other tests run at the same time.
        Awaitility.setDefaultTimeout(Running.PATIENCE);
    }

    private Servers() {}

    public static synchronized PostgresServer postgres() {
        if (postgres == null) {
            postgres = PostgresServer.start();
            Runtime.getRuntime().addShutdownHook(new Thread(postgres::close));
        }
        return postgres;
    }

    public static synchronized KafkaServer kafka() {
        if (kafka == null) {
            kafka = KafkaServer.start(directory("kafka"));
            Runtime.getRuntime().addShutdownHook(new Thread(kafka::close));
        }
        return kafka;
    }

    /** For tests of logins and rights only. */
    public static synchronized SecuredKafka securedKafka() {
        if (securedKafka == null) {
            securedKafka = SecuredKafka.start(directory("secured-kafka"));
            Runtime.getRuntime().addShutdownHook(new Thread(securedKafka::close));
        }
        return securedKafka;
    }

    /** A name that no other test uses. */
    public static String unique(String prefix) {
        return prefix + "-" + NAMES.incrementAndGet();
    }

    /** A directory below target, for logs and data. */
    public static Path directory(String name) {
        try {
            Path base = Files.createDirectories(Path.of("target", "servers"));
            return Files.createTempDirectory(base, name + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A database of another encoding, with the offset store only. */
    public static TestDatabase database(PostgresServer server, String encoding) {
        TestDatabase database = server.createDatabase(
                encoding.toLowerCase(Locale.ROOT) + unique("").replace('-', '_'),
                " encoding '" + encoding + "' locale 'C' template template0");
        database.migrate();
        return database;
    }

    /** A database with the offset store and the flights' tables. */
    public static TestDatabase flightDatabase(PostgresServer server) {
        return server.createFlights();
    }

    /** Sends flights, keyed by origin, and checks that each arrived. */
    public static void produce(KafkaProducer<String, String> producer, String topic, List<Flight> flights) {
        Load.start(producer, topic, flights, 1, Integer.MAX_VALUE, true).join();
    }

    /** Sends flights to one partition, and checks that each arrived. */
    public static void produceTo(
            KafkaProducer<String, String> producer, TopicPartition partition, List<Flight> flights) {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (Flight flight : flights) {
            sent.add(producer.send(
                    new ProducerRecord<>(partition.topic(), partition.partition(), flight.origin(), flight.json())));
        }
        Load.check(sent);
    }

    /** Sends flights without a key, and checks that each arrived. */
    public static void produceUnkeyed(KafkaProducer<String, String> producer, String topic, List<Flight> flights) {
        Load.start(producer, topic, flights, 1, Integer.MAX_VALUE, false).join();
    }
}
